using System.ComponentModel;
using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe.Command;

namespace KamRpcDispatcher.Operate.Rollouts.Running;

/// <summary>Runs the commands of a rollout. What they are about stands in their environment, never in the shell's line: names come from etcd.</summary>
internal static class RolloutShell
{
    private const int MostText = MemberValidation.MaxReasonLength / 2;

    /// <summary>Runs one.</summary>
    /// <param name="command">For <c>/bin/sh -c</c>.</param>
    /// <param name="variables">What stands in its environment.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Its exit code, null where it did not end by itself; why it did not end well, in words; and its last line, shortened, after a colon.</returns>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<(int? ExitCode, string Why, string Line)> RunAsync(string command, IReadOnlyDictionary<string, string> variables, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var end = await new ShellCommand(command, variables).RunAsync(limit.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return (end.ExitCode, end.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $"exit code {code}{Meaning(code)}") : $"did not end within {DurationText.Of(timeout)}", end.Line.Length > 0 ? ": " + SafeText.Shorten(end.Line, MostText) : string.Empty);
        }
        catch (Win32Exception exception)
        {
            return (127, "setsid /bin/sh was not run", ": " + SafeText.Shorten(exception.Message, MostText));
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
