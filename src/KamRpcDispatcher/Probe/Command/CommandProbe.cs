using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Probe.Command;

/// <summary>Runs a command of the operator's: exit code 0 is alive, 75 (EX_TEMPFAIL, "try later") is leaving, everything else is dead.</summary>
/// <remarks>
/// The command leads a process group, which is killed at the timeout, and also when the command has ended and left processes behind. It
/// gets no input, and none of this tool's own settings from the environment: secrets may be among them. Needs setsid(1), which util-linux
/// and busybox have.
/// </remarks>
/// <param name="command">For <c>/bin/sh -c</c>.</param>
/// <param name="timeout">For the command, and for all that it starts.</param>
public sealed class CommandProbe(string command, TimeSpan timeout) : IProbe
{
    /// <summary>EX_TEMPFAIL in sysexits.h.</summary>
    private const int TemporaryFailure = 75;

    private const string OwnVariables = "KAMRPC_";

    /// <summary>What is needed beyond the timeout, when all has been killed, by a machine that is very busy.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(1);

    public TimeSpan Timeout => timeout;

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new LinkedTimeout(timeout, TimeProvider.System, cancellationToken);
        try
        {
            using var process = new Process { StartInfo = StartInfo() };
            process.Start();
            var outcome = await FinishAsync(process, limit.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return outcome;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ProbeOutcome.Of(exception) is { Verdict: ProbeVerdict.Unknown } unknown ? unknown : ProbeOutcome.Dead("setsid /bin/sh was not run: " + FailureText.Of(exception));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<ProbeOutcome> FinishAsync(Process process, CancellationToken limit)
    {
        var (output, errors) = (new LastLine(MemberValidation.MaxReasonLength), new LastLine(MemberValidation.MaxReasonLength));
        using var outputReader = process.StandardOutput;
        using var errorReader = process.StandardError;
        using var reading = new CancellationTokenSource();
        var read = Task.WhenAll(output.ReadAsync(outputReader, reading.Token), errors.ReadAsync(errorReader, reading.Token));
        process.StandardInput.Close();

        await process.WaitForExitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var endedItself = process.HasExited;
        await ProcessGroup.EndAsync(process, EndTime).ConfigureAwait(false);

        // A process that has left the group may hold the pipes for ever.
        reading.CancelAfter(EndTime / 10);
        await read.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return endedItself
            ? Outcome(process.ExitCode, errors.Text.Length > 0 ? errors.Text : output.Text)
            : ProbeOutcome.Dead(FailureText.Within("the command did not end", timeout));
    }

    private ProcessStartInfo StartInfo()
    {
        // It becomes the shell, with the same process id, which is the group's too: Process itself has no way to make one.
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(static name => name.StartsWith(OwnVariables, StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        return start;
    }

    private static ProbeOutcome Outcome(int exitCode, string line)
    {
        if (exitCode == 0)
        {
            return ProbeOutcome.Alive("exit code 0");
        }

        var reason = string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}{(line.Length > 0 ? ": " : string.Empty)}{line}");
        return exitCode == TemporaryFailure ? ProbeOutcome.Leaving(reason) : ProbeOutcome.Dead(reason);
    }
}
