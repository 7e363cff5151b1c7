using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;
using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Announce;

/// <summary>
/// Checks once, at the start, whether a member's name stands with its address in a set that is not announced here: an earlier announcer that was
/// killed has left it, and calls go there until its lease ends. It is told and not deleted: another announcer may be at work for that set.
/// </summary>
internal sealed class OtherSets(EtcdConnection store, EtcdKeys keys, IEnumerable<Member> members, ILogger logger)
{
    private readonly Dictionary<string, SipUri> _announced = members.DistinctBy(static member => member.Key.Name).ToDictionary(static member => member.Key.Name, static member => member.Uri);
    private readonly HashSet<MemberKey> _own = [.. members.Select(static member => member.Key)];

    /// <summary>Whoever may read only the sets that it announces cannot check, and need not.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The names first: a cluster may have thousands of members.
            var request = new RangeRequest { Key = ByteString.CopyFromUtf8(keys.Members), RangeEnd = EtcdKeys.PrefixEnd(keys.Members), KeysOnly = true };
            var listed = await store.Keys.RangeAsync(request, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            foreach (var pair in listed.Kvs.Where(static pair => pair.Lease != 0))
            {
                if (keys.TryParseMember(pair.Key.ToStringUtf8(), out var key, out _) && !_own.Contains(key) && _announced.TryGetValue(key.Name, out var uri))
                {
                    await TellAsync(pair.Key, key, uri, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            AnnounceLog.OtherSetsNotSeen(logger, EtcdFailure.Describe(exception));
        }
    }

    private async Task TellAsync(ByteString name, MemberKey key, SipUri uri, CancellationToken cancellationToken)
    {
        var found = await store.Keys.RangeAsync(new RangeRequest { Key = name }, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
        if (found.Kvs is [{ } pair] && MemberRecord.TryRead(key, pair.Value.Memory, out var member, out _) && member.State == MemberState.Ready && member.Uri.Equals(uri))
        {
            AnnounceLog.InOtherSet(logger, keys.Member(key), uri, key.Set);
        }
    }
}
