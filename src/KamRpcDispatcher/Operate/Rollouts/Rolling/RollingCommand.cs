using System.Globalization;
using KamRpcDispatcher.Operate.Rollouts.Running;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Runs the command of a rolling restart for one member.</summary>
internal sealed class RollingCommand(RolloutPatience patience, TimeProvider timeProvider)
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it, again where it fails and may; the answer is why it failed, null where it did not.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<(string Name, string? Why)> RunAsync(Rollout rollout, RollingMember member, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string>
        {
            ["KAMRPC_NAME"] = member.Name,
            ["KAMRPC_URI"] = member.Uri,
            ["KAMRPC_SET"] = rollout.Set.ToString(CultureInfo.InvariantCulture),
        };
        for (var failed = 1; ; failed++)
        {
            var (exitCode, why, line) = await RolloutShell.RunAsync(rollout.Restart!.Exec, variables, rollout.Restart.ExecTimeout, cancellationToken).ConfigureAwait(false);
            if (exitCode == 0)
            {
                return (member.Name, null);
            }

            var text = $"the command failed for {member.Name}, {why}{line}; it stays drained";
            if (failed >= rollout.Failures)
            {
                return (member.Name, text);
            }

            patience.TellOnce(FormattableString.Invariant($"{text}, and it is run again ({failed} of {rollout.Failures})"));
            await Task.Delay(Rest, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
