using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate.Confirming;

/// <summary>
/// Confirms that the members which proxies hold back are gone. A report has room for some of their names only: those that are confirmed make room
/// for the next ones, so it is done in rounds until none is left.
/// </summary>
/// <param name="store">The connection.</param>
/// <param name="keys">Where the cluster's records are.</param>
/// <param name="sets">The sets to confirm for; null for all.</param>
/// <param name="request">Who confirms it, and why.</param>
/// <param name="timeProvider">The clock.</param>
public sealed class HeldConfirmation(EtcdConnection store, EtcdKeys keys, IReadOnlySet<int>? sets, ConfirmationRequest request, TimeProvider timeProvider)
{
    /// <summary>How long a dispatcher may take to name others: a few cycles, and a write.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<MemberKey, ConfirmationOutcome> _outcomes = [];

    /// <summary>Confirms one after another, in the order of their keys as far as they are named together.</summary>
    /// <param name="proxies">As they were read last.</param>
    /// <param name="confirmed">Told of each.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many more may be held that no report has named in time, or that are held only since: nobody has confirmed these.</returns>
    /// <exception cref="EtcdUnreachableException">No answer; those that were not told may be confirmed or not. Or etcd refuses.</exception>
    public async Task<int> ConfirmAsync(IReadOnlyList<ReportingProxy> proxies, Action<Member, ConfirmationOutcome> confirmed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proxies);
        ArgumentNullException.ThrowIfNull(confirmed);

        // Who asks has seen so many: who expires meanwhile is another matter.
        var left = Math.Max(proxies.Select(static proxy => (proxy.Status?.Held.Length ?? 0) + (proxy.Status?.MoreHeld ?? 0)).DefaultIfEmpty(0).Max(), Named(proxies).Count);
        for (var since = timeProvider.GetTimestamp(); ;)
        {
            if (Named(proxies) is { Count: > 0 } named && left > 0)
            {
                // A lease of its own, so that the last of many has as long as the first.
                var confirmation = new ExpiryConfirmation(store, keys, request, timeProvider);
                foreach (var some in named.Take(left).Chunk(ExpiryConfirmation.MostAtOnce))
                {
                    var outcomes = await confirmation.ConfirmAsync(some, cancellationToken).ConfigureAwait(false);
                    foreach (var member in some)
                    {
                        _outcomes[member.Key] = outcomes[member.Key];
                        confirmed(member, outcomes[member.Key]);
                        left--;
                    }
                }

                since = timeProvider.GetTimestamp();
            }

            if (Rest(proxies) is var rest && (rest == 0 || timeProvider.GetElapsedTime(since) > Patience))
            {
                return rest;
            }

            await Task.Delay(PollInterval, timeProvider, cancellationToken).ConfigureAwait(false);
            proxies = await new ClusterReader(store, keys, timeProvider).ReadProxiesAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whom it would confirm by these reports, each with what would come of it and the proxies that keep it, by name; and how many more may be kept that no report names. Nothing is written.</summary>
    /// <param name="view">As it was read last.</param>
    public (IReadOnlyList<(Member Member, ConfirmationOutcome Outcome, IReadOnlyList<string> KeptBy)> Named, int More) Plan(ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return (
            [.. Named(view.Proxies).Select(member => (member, OutcomeOf(view, member.Key), (IReadOnlyList<string>)[.. view.Proxies.Where(proxy => proxy.Status?.Held.Any(held => held.Key == member.Key) == true).Select(static proxy => proxy.Name)]))],
            view.Proxies.Select(static proxy => proxy.Status?.MoreHeld ?? 0).DefaultIfEmpty(0).Max());
    }

    /// <summary>Where its key is there nothing is written: by an earlier confirmation, or since it is back.</summary>
    private ConfirmationOutcome OutcomeOf(ClusterView view, MemberKey key) =>
        view.Members.FirstOrDefault(announced => announced.Member.Key == key) is { } announced
            ? announced.Member is { State: MemberState.Down, Reason: ExpiryConfirmation.Reason } ? ConfirmationOutcome.AlreadyConfirmed : ConfirmationOutcome.Back
            : view.Rejected.Any(record => record.Key == keys.Member(key)) ? ConfirmationOutcome.Back
            : ConfirmationOutcome.WouldConfirm;

    /// <summary>Whom proxies keep that come from elsewhere than etcd, where a record in it says nothing of them: a sentence for each set of each proxy, safe to print.</summary>
    public IReadOnlyList<string> NotConfirmed(IReadOnlyList<ReportingProxy> proxies) =>
    [
        .. from proxy in proxies
           where proxy.Status is not null
           from set in proxy.Status!.Held.Where(member => IsAsked(member) && proxy.Status.MayHaveOthersIn(member.Key.Set)).GroupBy(static member => member.Key.Set)
           select FormattableString.Invariant($"set {set.Key} of {SafeText.Shorten(proxy.Name)} {proxy.Status!.ElsewhereOf(set.Key)}: {set.Count()} expired that it keeps of that set go with \"state\": \"down\" there, and not by this"),
    ];

    /// <summary>The rights that it takes.</summary>
    public string NeededRole => $"readwrite on the prefixes {keys.Members} and {keys.History}, and read on {keys.Proxies} and {keys.Intents}";

    /// <summary>Why it was refused, where that was because of the history: a sentence, safe to print; else null.</summary>
    public Task<string?> WhyForbiddenAsync(EtcdUnreachableException refused, CancellationToken cancellationToken) => new HistoryStore(store, keys, timeProvider).WhyForbiddenAsync(refused, keys.Members, cancellationToken);

    /// <summary>Those that any proxy names and that were not dealt with: each once, as the proxy that read last knows it.</summary>
    private List<Member> Named(IReadOnlyList<ReportingProxy> proxies) =>
    [
        .. proxies.Select(static proxy => proxy.Status).OfType<ProxyStatus>()
            .OrderByDescending(static status => status.AppliedAt)
            .SelectMany(static status => status.Held.Where(member => !status.MayHaveOthersIn(member.Key.Set)))
            .Where(member => IsAsked(member) && !_outcomes.ContainsKey(member.Key))
            .DistinctBy(static member => member.Key)
            .OrderBy(static member => member.Key),
    ];

    /// <summary>How many one proxy may hold back beside those that were dealt with.</summary>
    private int Rest(IReadOnlyList<ReportingProxy> proxies) => proxies.Select(static proxy => proxy.Status).OfType<ProxyStatus>().Select(Rest).DefaultIfEmpty(0).Max();

    private int Rest(ProxyStatus status)
    {
        var named = status.Held.Count(member => IsAsked(member) && !status.MayHaveOthersIn(member.Key.Set) && !_outcomes.ContainsKey(member.Key));
        if (status.MoreHeld == 0 || named > 0)
        {
            return named + status.MoreHeld;
        }

        // It names one of each set before the second of any: where all are of other sets, none of those asked for is left.
        var isFresh = !status.Held.Any(member => _outcomes.ContainsKey(member.Key));
        return isFresh && sets is not null && status.Held.Length > status.Held.DistinctBy(static member => member.Key.Set).Count() ? 0 : status.MoreHeld;
    }

    private bool IsAsked(Member member) => sets?.Contains(member.Key.Set) ?? true;
}
