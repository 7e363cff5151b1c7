using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary><c>kamrpc rollout status</c>: the rollouts as they stand in etcd, once, or at each change.</summary>
internal static class RolloutStatus
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(RolloutAsk ask, RolloutStore rollouts, Func<Task<AppliedWait>> open, CancellationToken cancellationToken)
    {
        try
        {
            return await ShowAsync(ask, rollouts, open, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ask.Watches && cancellationToken.IsCancellationRequested)
        {
            // That is how it ends.
            return ExitCode.Done;
        }
    }

    private static async Task<int> ShowAsync(RolloutAsk ask, RolloutStore rollouts, Func<Task<AppliedWait>> open, CancellationToken cancellationToken)
    {
        var proxies = await open().ConfigureAwait(false);
        await using (proxies.ConfigureAwait(false))
        {
            for (string? shown = null, outage = null; ; await Task.Delay(Interval, TimeProvider.System, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    var listing = await rollouts.ReadAllAsync(cancellationToken).ConfigureAwait(false);
                    List<RolloutShown> all = [.. listing.Rollouts.Where(view => ask.Set is not { } only || view.Set == only).Select(view => new RolloutShown(view, StateOf(proxies, view)))];
                    outage = Tell(outage, null);
                    var kind = string.Join('\n', all.Select(static one => FormattableString.Invariant(
                        $"{one.View.Set} {one.View.ModRevision} {one.View.SplitRevision} {one.View.Runner} {string.Join(',', one.View.Undrained ?? [])} {string.Join(' ', one.Proxies?.Proxies.Select(static proxy => proxy.Name + proxy.IsApplied) ?? [])}"))
                        .Concat(listing.Rejected.Select(static rejected => rejected.Key)));
                    if (kind != shown)
                    {
                        shown = kind;
                        foreach (var rejected in listing.Rejected)
                        {
                            Console.Error.WriteLine($"kamrpc: {rejected.Key} is no rollout: {rejected.Reason}");
                        }

                        var answer = new RolloutAnswer(all, TimeProvider.System.GetUtcNow()) { Rejected = listing.Rejected, Set = ask.Set, Sets = [.. listing.Rollouts.Select(static view => view.Set)] };
                        Console.Out.Write(Answer.In(ask.Format, () => ask.Watches ? JsonText.InOneLine(answer.ToJson()) : answer.ToJson(), () => answer.ToText(Layout.OfOutput())));
                    }

                    if (!ask.Watches)
                    {
                        return listing.Rejected.Count > 0 || all.Exists(static one => one.View.Error is not null || one.View is { Rollout.Phase: RolloutPhase.Running, Runner: null } || one.MissingAtItsEnd is not null) ? ExitCode.NotDone : ExitCode.Done;
                    }
                }
                catch (EtcdUnreachableException unreachable) when (ask.Watches)
                {
                    outage = Tell(outage, unreachable.Message);
                }
            }
        }
    }

    /// <summary>Of one that has ended too, as long as the split is its own: of that those count who report.</summary>
    private static AppliedState? StateOf(AppliedWait proxies, RolloutView view) =>
        view.Rollout is not { Restart: null } rollout || view.SplitRevision == 0 || (rollout.HasEnded && !view.IsAsWished) ? null
        : rollout.HasEnded ? (proxies.StateOf(AppliedTarget.OfSplit(view.Set, view.SplitRevision)) is { Proxies.Count: > 0 } state ? state : null)
        : proxies.StateOf(RolloutProxies.TargetOf(rollout, view.SplitRevision));

    private static string? Tell(string? before, string? outage)
    {
        if (outage != before)
        {
            Console.Error.WriteLine(outage is null ? "kamrpc: etcd answers again" : $"kamrpc: {outage}; what is above is of before");
        }

        return outage;
    }
}
