using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>What would become of sets by intents that are not written.</summary>
internal static class IntentForecast
{
    /// <param name="splits">Reads the splits, by which shares go too.</param>
    /// <param name="view">What is there.</param>
    /// <param name="writes">What would be written.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>By set.</returns>
    /// <exception cref="EtcdUnreachableException">etcd did not answer.</exception>
    public static async Task<IReadOnlyList<SetForecast>> OfAsync(SplitWriter splits, OperatorView view, IReadOnlyList<IntentWrite> writes, CancellationToken cancellationToken)
    {
        var after = SetForecast.After(view, writes.Select(static write => (write.Subject.Member, Read(write))));
        var sets = new List<SetForecast>();
        foreach (var set in writes.Select(static write => write.Subject.Member.Set).Distinct().Order())
        {
            var (split, why) = await ReadAsync(splits, set, cancellationToken).ConfigureAwait(false);
            sets.Add(SetForecast.Of(view, set, IntentsProgress.Kind, (SplitForecast.MembersOf(view, set), split), (SplitForecast.MembersOf(after, set), split)).With(why));
        }

        return sets;
    }

    /// <summary>The same of intents of proxies.</summary>
    /// <param name="view">What is there.</param>
    /// <param name="wish">What is wished.</param>
    /// <param name="writes">What would be written.</param>
    public static IReadOnlyList<SetForecast> OfProxies(OperatorView view, IntentWish wish, IReadOnlyList<IntentWrite> writes) =>
        [new(null, [], [.. writes.Select(static write => write.Subject.Proxy).OfType<string>().Select(name => new ProxyForecast(SafeText.Shorten(name), Would(view.Proxies.FirstOrDefault(proxy => proxy.Name == name), wish)))])];

    private static string Would(LiveProxy? proxy, IntentWish wish)
    {
        var would = wish == IntentWish.Drain ? "fails 'kamrpc health' there, so that its VIP leaves; calls that come are routed as before" : "has 'kamrpc health' go by its Kamailio alone again";
        return proxy is null ? $"nothing as long as it does not report; then it {would}"
            : proxy.Status is not { } status ? "not known: its report cannot be read"
            : status.Applies.Contains(ProxyIntent.Kind) ? would
            : "nothing: it does not follow what is wished of proxies (an older kamrpc, or its role in etcd may not read it)";
    }

    private static async Task<(Split? Split, string? Why)> ReadAsync(SplitWriter splits, int set, CancellationToken cancellationToken)
    {
        try
        {
            var (split, error) = await splits.ReadSplitAsync(set, cancellationToken).ConfigureAwait(false);
            return (split, error is null ? null : FormattableString.Invariant($"the split of set {set} cannot be read: these are the shares without one"));
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            return (null, FormattableString.Invariant($"whether set {set} is split may not be read: these are the shares without a split"));
        }
    }

    private static Intent? Read(IntentWrite write) => write.Value is { } value && IntentRecord.TryRead(write.Subject.Member, value.Memory, out var intent, out _) ? intent : null;
}
