using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Whether every proxy has the step that stands there: the next one begins only then, also where an operator has it begin.</summary>
internal sealed class StepInForce(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>A step that was written just now is applied within a moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Who does not have it, a sentence, safe to print; null where every proxy does, and where none reports that serves the set.</summary>
    /// <param name="rollout">The rollout.</param>
    /// <param name="view">What stands there with it.</param>
    /// <param name="cluster">What is there beside it.</param>
    /// <param name="isDry">Whether it is only looked, and not waited.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public async Task<string?> WhyNotAsync(Rollout rollout, RolloutView view, OperatorView cluster, bool isDry, CancellationToken cancellationToken)
    {
        if (rollout.Restart is not null || view.SplitRevision == 0)
        {
            return null;
        }

        var target = RolloutProxies.TargetOf(RolloutProxies.Noted(rollout, cluster), view.SplitRevision);
        var wait = await AppliedWait.OpenAsync(store, keys, timeProvider, NullLogger.Instance, cancellationToken).ConfigureAwait(false);
        await using (wait.ConfigureAwait(false))
        {
            var state = wait.StateOf(target);
            if (!isDry && !state.IsApplied)
            {
                state = await wait.UntilAppliedAsync(target, static _ => { }, Patience, cancellationToken).ConfigureAwait(false);
            }

            return state.IsApplied || state.Proxies.Count == 0 ? null : $"not every proxy has {RolloutText.StepOf(rollout)}: missing {RolloutApplied.MissingOf(state)}";
        }
    }
}
