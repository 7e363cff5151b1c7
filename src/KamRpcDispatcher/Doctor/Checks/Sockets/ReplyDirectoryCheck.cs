using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>Whether Kamailio can reply to sockets in our directory, and nobody else can put something there.</summary>
internal static class ReplyDirectoryCheck
{
    private const string Name = "kamailio.reply-directory";
    private const string Elsewhere = "--reply-dir DIRECTORY";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (kamailio.Replies is not { } replies)
        {
            return kamailio.Address is null ? Finding.Unknown(Name, KamailioObservation.NotReached) : Finding.Ok(Name, $"not needed for {kamailio.Address}");
        }

        var last = replies.Way.Count > 0 ? replies.Way[^1] : null;
        if (last is null || !replies.IsWritable)
        {
            return Finding.Error(Name, $"this user cannot make sockets in {replies.Path}", Elsewhere);
        }

        var exists = last.Path == replies.Path.TrimEnd('/');
        if (exists && last.IsWritableByOthers)
        {
            return Finding.Error(Name, $"{last}: every user of this machine can put something there", $"chmod 0711 {replies.Path}");
        }

        // A reply came: what the rights look like does not matter any more.
        var isProven = kamailio.Reply.Try(out _, out _);
        if (!isProven && replies.Kamailio is { } kamailioIs)
        {
            return replies.Way.FirstOrDefault(directory => !kamailioIs.MayEnter(directory)) is { } shut
                ? Closed(replies, shut)
                : Finding.Ok(Name, $"{last}: user {kamailioIs.Name}, who Kamailio is, can enter it");
        }

        if (!isProven && replies.KamailioUser is { } entering && replies.Way.FirstOrDefault(directory => directory.MayEnterByGroupOnly(entering)) is { } doubtful)
        {
            return Finding.Unknown(Name, $"Kamailio's user can enter {doubtful} only if it is in that group, which cannot be told from here", $"chmod o+x {doubtful.Path}, or {Elsewhere}");
        }

        return !isProven && replies.KamailioUser is { } user && replies.Way.FirstOrDefault(directory => !directory.MayEnter(user)) is { } closed
            ? Closed(replies, closed)
            : Finding.Ok(Name, exists ? $"{last}{(isProven ? ": replies come" : string.Empty)}" : $"{replies.Path} is not there yet, and can be made");
    }

    private static Finding Closed(ReplyDirectory replies, FileRights closed) =>
        Finding.Error(Name, $"Kamailio's user cannot enter {closed}, so that no reply can come to {replies.Path}", $"chmod o+x {closed.Path}, or {Elsewhere}");
}
