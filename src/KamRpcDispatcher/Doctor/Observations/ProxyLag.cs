using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>How far a proxy whose Kamailio answers is behind what etcd has.</summary>
/// <param name="Behind">By how many revisions, up to the newest record of a member.</param>
/// <param name="Gone">How many records it goes by that etcd has no more.</param>
/// <param name="Owed">How many changes it owes, beside those that Kamailio refuses.</param>
internal readonly record struct ProxyLag(long Behind, long Gone, int Owed)
{
    /// <summary>By how many revisions it is behind, up to the newest record of an operator's wish.</summary>
    public long BehindIntents { get; init; }

    /// <summary>A cycle takes milliseconds, and its report may wait two seconds to be written.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public bool IsNone => this == default;

    /// <summary>Those that are not in step, by name.</summary>
    public static IReadOnlyDictionary<string, ProxyLag> In(ClusterView view) => Named(view, (_, status) => new ProxyLag(view.BehindMembers(status), view.Unfollowed(status), Owes(status)) { BehindIntents = view.BehindIntents(status) });

    /// <summary>Those of before that have not caught up: whoever has followed what was there then is in step, though there is something new by now.</summary>
    /// <param name="before">Those of the first reading.</param>
    /// <param name="first">The first reading.</param>
    /// <param name="view">A later one.</param>
    public static IReadOnlyDictionary<string, ProxyLag> Lasting(IReadOnlyDictionary<string, ProxyLag> before, ClusterView first, ClusterView view)
    {
        var followed = first.Proxies.ToDictionary(static proxy => proxy.Name, static proxy => proxy.Status?.Follows?.Revision, StringComparer.Ordinal);
        return Named(view, (name, status) => !before.TryGetValue(name, out var lag) ? default : new ProxyLag(
            lag.Behind > 0 ? first.BehindMembers(status) : 0,
            lag.Gone > 0 && status.Follows?.Revision == followed[name] ? view.Unfollowed(status) : 0,
            lag.Owed > 0 ? Owes(status) : 0)
        {
            BehindIntents = lag.BehindIntents > 0 ? first.BehindIntents(status) : 0,
        });
    }

    /// <summary>Of one that sees nothing of its Kamailio, hangs, or does not reach etcd, that is told.</summary>
    private static Dictionary<string, ProxyLag> Named(ClusterView view, Func<string, ProxyStatus, ProxyLag> lag) => view.Proxies
        .Where(static proxy => proxy.Status is { Contact.Answers: true, Hangs: false, IsFromSnapshot: false })
        .Select(proxy => (proxy.Name, Lag: lag(proxy.Name, proxy.Status!)))
        .Where(static proxy => !proxy.Lag.IsNone)
        .ToDictionary(static proxy => proxy.Name, static proxy => proxy.Lag, StringComparer.Ordinal);

    private static int Owes(ProxyStatus status) => Math.Max(0, status.Drift - status.Quarantined.Length - status.MoreQuarantined);
}
