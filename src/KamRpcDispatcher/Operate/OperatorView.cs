using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>What an operator's decision goes by, all of it as it was at one revision of the store.</summary>
/// <param name="Revision">That revision.</param>
/// <param name="Members">The members as they are announced, by key.</param>
/// <param name="Rejected">Their records that cannot be used: an earlier one may still be in force.</param>
/// <param name="Intents">What operators wish by then.</param>
/// <param name="Proxies">The proxies that live, by name.</param>
internal sealed record OperatorView(
    long Revision,
    IReadOnlyList<AnnouncedMember> Members,
    IReadOnlyList<RejectedRecord> Rejected,
    IReadOnlyDictionary<MemberKey, StoredIntent> Intents,
    IReadOnlyList<LiveProxy> Proxies)
{
    /// <summary>Where the cluster's records are.</summary>
    public EtcdKeys Keys { get; init; } = new("default");

    /// <summary>What operators wish of proxies by then, by name.</summary>
    public IReadOnlyDictionary<string, StoredIntent> ProxyIntents { get; init; } = ImmutableDictionary<string, StoredIntent>.Empty;

    /// <summary>How sets are split, where that was read.</summary>
    public IReadOnlyDictionary<int, Split> Splits { get; init; } = ImmutableDictionary<int, Split>.Empty;

    /// <summary>Everybody of whom something is there, by key: who is drained and has left may be resumed.</summary>
    public IReadOnlyList<MemberKey> Known =>
    [
        .. Members.Select(static announced => announced.Member.Key)
            .Concat(Rejected.Select(static record => record.Member).OfType<MemberKey>())
            .Concat(Intents.Keys)
            .Concat(HeldBy(Proxies))
            .Distinct().Order(),
    ];

    /// <summary>What is wished of the member, or of the proxy; null for nothing.</summary>
    public StoredIntent? StoredOf(IntentSubject subject) => subject.Proxy is { } proxy ? ProxyIntents.GetValueOrDefault(proxy) : Intents.GetValueOrDefault(subject.Member);

    /// <summary>Whether an operator has drained the member, or the proxy.</summary>
    public bool IsDrained(IntentSubject subject) => StoredOf(subject)?.Intent is { IsDrained: true };

    /// <summary>What the member, or the proxy, was, for who wants to know what a command has changed.</summary>
    public MemberBefore Before(IntentSubject subject) =>
        IsDrained(subject) ? MemberBefore.Drained
        : subject.Proxy is { } proxy ? Proxies.Any(live => live.Name == proxy) ? MemberBefore.Reporting : MemberBefore.Absent
        : BeforeOf(subject.Member);

    private MemberBefore BeforeOf(MemberKey key) =>
        Members.FirstOrDefault(announced => announced.Member.Key == key) is { Member.State: var state } ? state switch
        {
            MemberState.Ready => MemberBefore.Ready,
            MemberState.Draining => MemberBefore.Draining,
            _ => MemberBefore.Down,
        }
        : Rejected.Any(record => record.Member == key) ? MemberBefore.Unusable
        : HeldBy(Proxies).Contains(key) ? MemberBefore.Held
        : MemberBefore.Absent;

    /// <summary>Who is not announced any more, and kept all the same by a proxy: it may get calls.</summary>
    private static IEnumerable<MemberKey> HeldBy(IReadOnlyList<LiveProxy> proxies) => proxies.SelectMany(static proxy => proxy.Status?.Held ?? []).Select(static member => member.Key);
}

/// <summary>An intent as it is stored.</summary>
/// <param name="ModRevision">The store's revision of the record.</param>
/// <param name="Value">The record.</param>
/// <param name="Intent">What it says; null where it cannot be read.</param>
/// <param name="Error">Why it cannot be read; null where it can.</param>
internal sealed record StoredIntent(long ModRevision, ReadOnlyMemory<byte> Value, Intent? Intent, string? Error);

/// <summary>A proxy whose report is under a lease.</summary>
/// <param name="Name">Its name, as found: shorten it before printing.</param>
/// <param name="Status">What it reports; null where that cannot be read.</param>
internal sealed record LiveProxy(string Name, ProxyStatus? Status)
{
    /// <summary>The key of its report.</summary>
    public string Key { get; init; } = string.Empty;

    /// <summary>The store's revision that created that: another one for another life of its daemon.</summary>
    public long CreatedRevision { get; init; }

    /// <summary>Why nobody would send calls by it, as far as it says itself; null for nothing.</summary>
    public string? WhyOfNoUse => Status is { Contact.Answers: false } ? "does not reach its Kamailio" : Status is { Hangs: true } ? "its dispatcher hangs" : null;

    /// <summary>Why its Kamailio cannot share calls, a sentence, safe to print; null where it can, as far as it says.</summary>
    public string? WhyNoShares => Status?.Splits is { HasTable: false }
        ? $"the Kamailio of proxy {SafeText.Shorten(Name)} has no table for shares; its config needs the snippet of 'kamrpc cfg' with modparam(\"htable\", \"htable\", \"kamrpc_shares=>size=8;\"), and a restart"
        : null;

    /// <summary>Whether it may send calls to the set, as far as it says.</summary>
    public bool MayServe(int set) => Status is null || Status.Serves.IsEmpty || Status.Serves.Contains(set);
}
