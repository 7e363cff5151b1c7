using System.Collections.Immutable;
using System.Globalization;

namespace KamRpcDispatcher.Probe.Command;

/// <summary>Runs a command of the operator's: exit code 0 is alive, 75 (EX_TEMPFAIL, "try later") is leaving, everything else is dead.</summary>
/// <param name="command">For <c>/bin/sh -c</c>.</param>
/// <param name="timeout">For the command, and for all that it starts.</param>
public sealed class CommandProbe(string command, TimeSpan timeout) : IProbe
{
    /// <summary>EX_TEMPFAIL in sysexits.h.</summary>
    internal const int TemporaryFailure = 75;

    private readonly ShellCommand _command = new(command, ImmutableDictionary<string, string>.Empty);

    public TimeSpan Timeout => timeout;

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new LinkedTimeout(timeout, TimeProvider.System, cancellationToken);
        try
        {
            var end = await _command.RunAsync(limit.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return end.ExitCode is { } exitCode ? Outcome(exitCode, end.Line) : ProbeOutcome.Dead(FailureText.Within("the command did not end", timeout));
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ProbeOutcome.Of(exception) is { Verdict: ProbeVerdict.Unknown } unknown ? unknown : ProbeOutcome.Dead("setsid /bin/sh was not run: " + FailureText.Of(exception));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

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
