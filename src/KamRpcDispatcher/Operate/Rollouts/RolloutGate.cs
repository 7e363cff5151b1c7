using System.ComponentModel;
using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe.Command;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Asks a command of the operator's whether a rollout goes on: exit code 0 is yes, 1 is no, 75 (EX_TEMPFAIL) is "somebody has to decide"; all else is a gate that cannot be asked.</summary>
internal static class RolloutGate
{
    /// <summary>Runs the gate of the step that is in force. What it is about stands in its environment, never in the shell's line: names come from etcd.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<(RolloutEvent What, string Text)> AskAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(rollout.GateTimeout);
        var command = new ShellCommand(rollout.Gate!, new Dictionary<string, string>
        {
            ["KAMRPC_SET"] = rollout.Set.ToString(CultureInfo.InvariantCulture),
            ["KAMRPC_STEP"] = (rollout.Step + 1).ToString(CultureInfo.InvariantCulture),
            ["KAMRPC_SHARE"] = SplitRecord.Text(rollout.Share),
            ["KAMRPC_LABEL"] = rollout.Label,
            ["KAMRPC_TO"] = rollout.To,
        });
        try
        {
            var end = await command.RunAsync(limit.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            var line = end.Line.Length > 0 ? ": " + SafeText.Shorten(end.Line, MemberValidation.MaxReasonLength / 2) : string.Empty;
            return end.ExitCode switch
            {
                0 => (RolloutEvent.GatePassed, "the gate says yes" + line),
                1 => (RolloutEvent.GateFailed, "the gate says no" + line),
                CommandProbe.TemporaryFailure => (RolloutEvent.GateUndecided, "the gate leaves it undecided" + line),
                { } code => (RolloutEvent.GateBroken, string.Create(CultureInfo.InvariantCulture, $"the gate cannot be asked, exit code {code}{Meaning(code)}{line}")),
                null => (RolloutEvent.GateBroken, $"the gate did not end within {DurationText.Of(rollout.GateTimeout)}{line}"),
            };
        }
        catch (Win32Exception exception)
        {
            return (RolloutEvent.GateBroken, $"the gate cannot be asked: setsid /bin/sh was not run: {SafeText.Shorten(exception.Message, MemberValidation.MaxReasonLength / 2)}");
        }
    }

    /// <summary>As shells use them.</summary>
    private static string Meaning(int code) => code switch
    {
        126 => " (not executable)",
        127 => " (not found)",
        _ => string.Empty,
    };
}
