using System.Net;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>
/// Why nothing can be sent to Kamailio: this user may not, no Kamailio runs here, or the one that does opens no such socket. The first that is
/// found, since the others are not known before it is mended.
/// </summary>
internal static class NobodyListensCauses
{
    private const string Start = "systemctl start kamailio; journalctl -u kamailio tells why it ended";

    public static IReadOnlyList<Cause> Of(KamailioObservation kamailio) => Find(kamailio) is { } cause ? [cause] : [];

    private static Cause? Find(KamailioObservation kamailio)
    {
        if (kamailio.Address is { Host: { } host } && !(IPAddress.TryParse(host, out var address) ? IPAddress.IsLoopback(address) : host == "localhost"))
        {
            return null;
        }

        if (kamailio.Closed is { } closed)
        {
            return new Cause($"User {kamailio.Examiner.Name} may not enter {closed}", Cause.As(Names.User(closed.User)));
        }

        var isSeen = kamailio.Running.Try(out var running, out var hidden);
        var first = running?.Count > 0 ? running[0] : null;
        var file = kamailio.Address?.Path is { } path ? kamailio.Sockets.FirstOrDefault(socket => socket.Name == path)?.File : null;
        if (file is { IsDirectory: true })
        {
            return new Cause($"{file} is a directory, and no socket", $"--kamailio auto:{file.Path}, or the path of the socket in it");
        }

        if (file is not null && !kamailio.Examiner.MayWrite(file))
        {
            return OfForbidden(kamailio, file, running ?? []);
        }

        if (!isSeen)
        {
            return new Cause($"Whether a Kamailio runs here is not known: {hidden}", "kamrpc doctor as root tells");
        }

        return first is not null ? OfRunning(kamailio, file, first, running!.Count)
            : file is not null ? new Cause($"No Kamailio runs here, as far as it is seen: {file} is left of one that has ended", Start)
            : new Cause("No process named kamailio is seen from here: none runs, or it has a PID namespace of its own", Start);
    }

    private static Cause OfForbidden(KamailioObservation kamailio, FileRights file, IReadOnlyList<RunningKamailio> running)
    {
        var trouble = $"User {kamailio.Examiner.Name} may not write to {file}";
        if (file.User != 0)
        {
            return new Cause(trouble, Cause.As(Names.User(file.User)));
        }

        // Its files in procfs are root's too then, and what is not hidden tells its user.
        var users = running.Select(static one => one.User.Name).Distinct().ToList();
        if (users.Count > 1)
        {
            return new Cause(
                $"{trouble}, which is root's: the Kamailio that opened it is root's too, or was started as root with -u (several run here, as {Wording.List(users)})",
                $"{Cause.As("root")}; or {SocketUser(users.First(static name => name != "root"))}, where that is its user");
        }

        var user = users.FirstOrDefault();
        return user == "root"
            ? new Cause(trouble, Cause.As("root"))
            : new Cause(
                $"{trouble}, which is root's{(user is null ? string.Empty : $" though Kamailio is user {user} by now")}: it was started as root with -u",
                $"{SocketUser(user ?? "kamailio")}, and {Cause.As(user ?? "kamailio")}");
    }

    private static bool IsThereFor(RunningKamailio it) => it.HasSocket.Try(out var hasIt, out _) && hasIt;

    /// <summary>What gives sockets to the user that Kamailio becomes.</summary>
    public static string SocketUser(string user) => $"#!define KAMRPC_SOCKET_USER \"{user}\" above the include of kamrpc-dispatcher.cfg, and a restart of Kamailio";

    private static Cause OfRunning(KamailioObservation kamailio, FileRights? file, RunningKamailio it, int count)
    {
        var who = FormattableString.Invariant($"A Kamailio runs here (PID {it.Pid}, user {it.User.Name}{(count > 1 ? FormattableString.Invariant($", one of {count}") : string.Empty)})");
        if (!it.Config.Try(out var config, out var unread))
        {
            return new Cause($"{who}. {unread}", "--kamailio-cfg FILE");
        }

        if (it.Changed is { } changed)
        {
            return new Cause($"{who}, and {changed} was changed after its start", "systemctl restart kamailio");
        }

        var main = config.Files[0];
        if (kamailio.Address is { } address && it.Places.FirstOrDefault(place => place.Is(address)) is { } opened)
        {
            if (file is null && !IsThereFor(it) && it.Worker.Try(out var worker, out _) && worker.Holders.Count > 0)
            {
                return new Cause($"{who}, and has {address.Path} open, whose file was deleted since: who has it open goes on, and nobody else finds it", "systemctl restart kamailio, which makes it again, and see who deletes it");
            }

            return file is null && IsThereFor(it)
                ? new Cause(
                    $"{who}, and {address.Path} is there for it only: it has a mount namespace of its own (a container, or PrivateTmp of its unit)",
                    "the socket in a directory that both see: #!define KAMRPC_SOCKET \"/run/kamailio/kamailio_rpc.sock\"; with containers a volume that both mount there")
                : new Cause($"{who}, and is to open it according to {opened.Place ?? main}: it is just starting, or could not", "journalctl -u kamailio");
        }

        var include = $"include_file \"kamrpc-dispatcher.cfg\" in {main}, above its routing blocks, and a restart of Kamailio";
        return it.Places.Count == 0
            ? new Cause($"{who}, and {main} loads neither jsonrpcs nor ctl: it opens no socket for RPC", include)
            : !config.Modules.Contains("jsonrpcs") && kamailio.Address is not { Protocol: KamailioRpc.RpcProtocol.BinRpc }
                ? new Cause($"{who}, and {main} does not load jsonrpcs: it opens no such socket", include)
                : new Cause(
                    $"{who}, and opens {Wording.List([.. it.Places.Select(static place => $"{place.Address}{(place.Place is { } where ? $" ({where})" : string.Empty)}")])} in its place",
                    $"--kamailio {it.Places[0].Address}{(kamailio.Address?.Path is { } wanted ? $", or #!define KAMRPC_SOCKET \"{wanted}\" above the include of kamrpc-dispatcher.cfg" : string.Empty)}");
    }
}
