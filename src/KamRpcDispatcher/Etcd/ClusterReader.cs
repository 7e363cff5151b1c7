using System.Collections.Immutable;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>Reads a cluster's members, what operators wish of them, and its proxies, as they are at one revision.</summary>
public sealed class ClusterReader(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider) : IClusterReader
{
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<ClusterView> ReadAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadOnceAsync(cancellationToken), cancellationToken);

    /// <summary>Reads the members, and what one proxy reports: as much as that proxy's own role may read. Where that may not be read either there is no proxy.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    internal Task<ClusterView> ReadBesideAsync(string proxy, CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadBesideOnceAsync(proxy, cancellationToken), cancellationToken);

    /// <summary>The store's revision now: while it stays the same nothing has changed.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<long> ReadRevisionAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadRevisionOnceAsync(cancellationToken), cancellationToken);

    /// <summary>Reads the proxies alone.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<IReadOnlyList<ReportingProxy>> ReadProxiesAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync<IReadOnlyList<ReportingProxy>>(
            store,
            async () => [.. (await new KeyPages(store, timeProvider).ReadAsync(keys.Proxies, cancellationToken: cancellationToken).ConfigureAwait(false)).Keys.Select(Proxy)],
            cancellationToken);

    private async Task<long> ReadRevisionOnceAsync(CancellationToken cancellationToken)
    {
        // Nothing is written under the prefix itself.
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(keys.Proxies), KeysOnly = true };
        return (await store.Keys.RangeAsync(request, EtcdCall.Options(cancellationToken)).ConfigureAwait(false)).Header.Revision;
    }

    private async Task<ClusterView> ReadBesideOnceAsync(string proxy, CancellationToken cancellationToken)
    {
        var members = await new KeyPages(store, timeProvider).ReadAsync(keys.Members, cancellationToken: cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Mvccpb.KeyValue> own = [];
        try
        {
            var request = new RangeRequest { Key = ByteString.CopyFromUtf8(keys.Proxy(proxy)) };
            own = [.. (await store.Keys.RangeAsync(request, EtcdCall.Options(cancellationToken)).ConfigureAwait(false)).Kvs];
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            // As if nobody reported.
        }

        return View(members, own, ClusterIntents.None, ImmutableDictionary<int, Split>.Empty);
    }

    private async Task<ClusterView> ReadOnceAsync(CancellationToken cancellationToken)
    {
        var pages = new KeyPages(store, timeProvider);
        var members = await pages.ReadAsync(keys.Members, cancellationToken: cancellationToken).ConfigureAwait(false);
        var proxies = await pages.ReadAsync(keys.Proxies, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        var (intents, refused) = await ReadIntentsAsync(pages, members.Revision, cancellationToken).ConfigureAwait(false);
        var (splits, unusable, splitsRefused) = await ReadSplitsAsync(pages, members.Revision, cancellationToken).ConfigureAwait(false);
        return View(members, proxies.Keys, intents with { Rejected = [.. intents.Rejected, .. unusable] }, splits) with { IntentsRefused = refused, SplitsRefused = splitsRefused, CallCounts = await ReadCallsAsync(pages, members.Revision, intents, cancellationToken).ConfigureAwait(false) };
    }

    /// <summary>Nobody counts them while nobody is drained. A role of an earlier version need not have the right to read them: then nothing is known.</summary>
    private async Task<IReadOnlyDictionary<MemberKey, StoredCallCount>> ReadCallsAsync(KeyPages pages, long revision, ClusterIntents intents, CancellationToken cancellationToken)
    {
        if (!intents.ByMember.Values.Any(static stored => stored.Intent.IsDrained))
        {
            return ImmutableDictionary<MemberKey, StoredCallCount>.Empty;
        }

        try
        {
            return StoredCallCount.Read(keys, (await pages.ReadAsync(keys.Calls, revision, cancellationToken: cancellationToken).ConfigureAwait(false)).Keys);
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            return ImmutableDictionary<MemberKey, StoredCallCount>.Empty;
        }
    }

    /// <summary>A role of an earlier version need not have the right to read them: then nobody is known to be without a share.</summary>
    private async Task<(IReadOnlyDictionary<int, Split> Usable, IReadOnlyList<RejectedRecord> Rejected, string? Refused)> ReadSplitsAsync(KeyPages pages, long revision, CancellationToken cancellationToken)
    {
        var splits = new Dictionary<int, Split>();
        var rejected = new List<RejectedRecord>();
        try
        {
            foreach (var pair in (await pages.ReadAsync(keys.Splits, revision, cancellationToken: cancellationToken).ConfigureAwait(false)).Keys)
            {
                var key = pair.Key.ToStringUtf8();
                if (EtcdKeys.TryParseSet(keys.Splits, key, out var set, out var error) && SplitRecord.TryRead(set, pair.Value.Memory, out var split, out error))
                {
                    splits[set] = split;
                }
                else
                {
                    rejected.Add(new RejectedRecord(SafeText.Shorten(key, ClusterIntents.LongestKeyShown), error!, KeepsLastGood: false));
                }
            }
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            return (splits, rejected, EtcdFailure.Describe(refused));
        }

        return (splits, rejected, null);
    }

    /// <summary>A role of an earlier version need not have the right to read them: all else is read nevertheless.</summary>
    private async Task<(ClusterIntents Intents, string? Refused)> ReadIntentsAsync(KeyPages pages, long revision, CancellationToken cancellationToken)
    {
        try
        {
            return (ClusterIntents.Read(keys, (await pages.ReadAsync(keys.Intents, revision, cancellationToken: cancellationToken).ConfigureAwait(false)).Keys), null);
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            return (ClusterIntents.None, EtcdFailure.Describe(refused));
        }
    }

    private ClusterView View(KeyListing members, IReadOnlyList<Mvccpb.KeyValue> proxies, ClusterIntents intents, IReadOnlyDictionary<int, Split> splits)
    {
        var (membership, announced) = MemberListing.Read(keys, members, timeProvider);

        // A split between values that no member has who is ready, and whom nobody drains, is not followed: any of them is better than nobody.
        var served = announced.Select(static one => one.Member).Where(member => member.State == MemberState.Ready && intents.ByMember.GetValueOrDefault(member.Key) is not { Intent.IsDrained: true } && splits.GetValueOrDefault(member.Key.Set)?.ValueOf(member) is not null).Select(static member => member.Key.Set).ToHashSet();
        return new ClusterView(
            members.Revision,
            members.Keys.Select(static pair => pair.ModRevision).DefaultIfEmpty(0).Max(),
            [.. announced.Select(one => WithWishes(one, intents.ByMember.GetValueOrDefault(one.Member.Key), served.Contains(one.Member.Key.Set) ? splits[one.Member.Key.Set] : null))],
            membership.Rejected,
            [.. proxies.Select(Proxy)])
        {
            MemberRecords = members.Keys.Count,
            Intents = intents.ByMember,
            ProxyIntents = intents.ByProxy,
            RejectedIntents = intents.Rejected,
            IntentRevision = intents.Newest,
        };
    }

    private static AnnouncedMember WithWishes(AnnouncedMember announced, StoredIntent? stored, Split? split) => announced with
    {
        Intent = stored?.Intent,
        IntentRevision = stored?.ModRevision ?? 0,
        IsIdle = announced.Member.State == MemberState.Ready && split is not null && split.ValueOf(announced.Member) is null,
    };

    private ReportingProxy Proxy(Mvccpb.KeyValue pair)
    {
        ProxyRecord.TryRead(pair.Value.Memory, out var status, out var error);
        return new ReportingProxy(pair.Key.ToStringUtf8()[keys.Proxies.Length..], status, error) { ModRevision = pair.ModRevision };
    }
}
