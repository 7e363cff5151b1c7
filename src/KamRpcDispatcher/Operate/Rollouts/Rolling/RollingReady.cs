using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts.Running;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Waits until members are again as they have to be.</summary>
internal sealed class RollingReady(OperatorViewReader cluster, RolloutPatience patience, TimeProvider timeProvider)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until nothing speaks against any of them any more, for a while; else what does when the time is up.</summary>
    public async Task<string?> UntilAsync(Rollout rollout, IReadOnlyList<string> names, Func<OperatorView, MemberKey, string?> whyNot, TimeSpan settling, string what, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        long? since = null;
        while (true)
        {
            var now = await patience.TryAsync(() => cluster.ReadAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
            List<string> missing = [.. names.Select(name => whyNot(now, new MemberKey(rollout.Set, name)) is { } why ? $"{name} ({why})" : null).OfType<string>()];
            since = missing.Count > 0 ? null : since ?? timeProvider.GetTimestamp();
            if (since is { } from && timeProvider.GetElapsedTime(from) >= settling)
            {
                return null;
            }

            if (missing.Count > 0)
            {
                if (timeProvider.GetElapsedTime(begun) >= rollout.Restart!.ReadyTimeout)
                {
                    return string.Join("; ", missing);
                }

                patience.TellOnce($"waits until {RollingText.NamesOf(names)} {(names.Count == 1 ? "is" : "are")} {what}: {string.Join("; ", missing)}");
            }

            await Task.Delay(Look, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
