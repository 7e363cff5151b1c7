using System.Globalization;
using KamRpcDispatcher.Probe.Command;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts.Running;

/// <summary>Asks a command of the operator's whether a rollout goes on: exit code 0 is yes, 1 is no, 75 (EX_TEMPFAIL) is "somebody has to decide"; all else is a gate that cannot be asked.</summary>
internal static class RolloutGate
{
    /// <summary>Runs the gate of the step that is in force.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<(RolloutEvent What, string Text)> AskAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string>
        {
            ["KAMRPC_SET"] = rollout.Set.ToString(CultureInfo.InvariantCulture),
            ["KAMRPC_STEP"] = (rollout.Step + 1).ToString(CultureInfo.InvariantCulture),
            ["KAMRPC_SHARE"] = SplitRecord.Text(rollout.Share),
            ["KAMRPC_LABEL"] = rollout.Label,
            ["KAMRPC_TO"] = rollout.To,
        };
        var (exitCode, why, line) = await RolloutShell.RunAsync(rollout.Gate!, variables, rollout.GateTimeout, cancellationToken).ConfigureAwait(false);
        return exitCode switch
        {
            0 => (RolloutEvent.GatePassed, "the gate says yes" + line),
            1 => (RolloutEvent.GateFailed, "the gate says no" + line),
            CommandProbe.TemporaryFailure => (RolloutEvent.GateUndecided, "the gate leaves it undecided" + line),
            null => (RolloutEvent.GateBroken, $"the gate {why}{line}"),
            _ => (RolloutEvent.GateBroken, $"the gate cannot be asked, {why}{line}"),
        };
    }
}
