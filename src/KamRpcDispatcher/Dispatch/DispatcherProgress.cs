using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch;

/// <summary>Tells whoever started the dispatcher (systemd) what it is at.</summary>
/// <param name="service">Whoever started it.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="storeOutage">Since when etcd, or another source of members, cannot be followed; null for nobody who knows.</param>
/// <param name="source">Where members come from, as people call it.</param>
internal sealed class DispatcherProgress(IServiceState service, TimeProvider timeProvider, Func<StoreOutage?>? storeOutage = null, string source = "etcd")
{
    private const int LongestReason = 160;

    /// <summary>How long it may take to be in step until it counts as running all the same, with a status that says what it waits for.</summary>
    internal static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _inStep = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Says that it runs as soon as the list is in step, and after a while in any case: that etcd or Kamailio is not there is no reason to start it
    /// anew, nor to keep what is ordered after it waiting.
    /// </summary>
    public async Task TellReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _inStep.Task.WaitAsync(ReadyPatience, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Its status says why.
        }

        service.Ready();
    }

    public void Stopping() => service.Stopping();

    public void WaitingForStore() =>
        service.Status(string.Create(CultureInfo.InvariantCulture, $"Waiting for the membership from {source} since {timeProvider.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC; Kamailio's list stays as it is"));

    public void KamailioFails(string reason, DateTimeOffset? since = null) =>
        service.Status(string.Create(CultureInfo.InvariantCulture, $"Kamailio cannot be used since {since ?? timeProvider.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC: {reason}"));

    public void CycleFails(string reason) => service.Status($"Unexpected, trying on: {reason}");

    public void Planned(ProxyStatus status, ChangePlan plan, ImmutableArray<ProxyTrouble> troubles)
    {
        var destinations = status.Sets.Values.Sum(static set => set.Destinations);
        var routable = status.Sets.Values.Sum(static set => set.Routable);
        var what = plan.IsInForce ? $"In step with revision {status.Revision}" : $"{plan.Drift} changes to make";
        var saved = status.IsFromSnapshot ? $" of the saved membership ({storeOutage?.Invoke()?.Store ?? source} does not answer)" : string.Empty;
        var refused = status.Quarantined.IsEmpty ? string.Empty : $", {status.Quarantined.Length + status.MoreQuarantined} that cannot be put into Kamailio";
        var trouble = troubles.IsEmpty ? string.Empty : $"; {string.Join(", ", troubles.Select(static trouble => trouble.Kind).Distinct())}: see kamrpc status";
        service.Status($"{Outage()}{what}{saved}, {routable} of {destinations} destinations routable{refused}{trouble}");
        if (plan.IsEmpty)
        {
            _inStep.TrySetResult();
        }
    }

    /// <summary>First of all, where etcd is away: what follows is of before.</summary>
    private string Outage() => storeOutage?.Invoke() is { } outage
        ? string.Create(CultureInfo.InvariantCulture, $"{outage.Store} cannot be followed since {outage.Since:yyyy-MM-dd HH:mm:ss} UTC ({SafeText.Shorten(outage.Reason, LongestReason)}), going by what it held then. ")
        : string.Empty;
}
