using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>The executable, for commands that answer and end.</summary>
internal static class Kamrpc
{
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(Fleet.Deadline, arguments);

    /// <summary>
    /// Runs <c>kamrpc status</c> until its answer has a text: a proxy's report is written up to a second after the line of the log that tells the same.
    /// </summary>
    /// <param name="expected">The text.</param>
    /// <param name="options">Options of the command.</param>
    /// <returns>What that run answered.</returns>
    public static Task<(int ExitCode, string Output)> WaitForStatusAsync(string expected, params string[] options) => WaitForAsync(expected, ["status", .. options]);

    /// <summary>Runs a command until its answer has a text, with each run of blanks and ends of lines taken for one blank: what a busy machine did not tell in time it tells the next time.</summary>
    /// <param name="expected">The text.</param>
    /// <param name="arguments">The command and its options.</param>
    /// <returns>What that run answered.</returns>
    public static async Task<(int ExitCode, string Output)> WaitForAsync(string expected, params string[] arguments)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var (exitCode, output, errors) = await RunAsync(arguments);
            if (output.Contains(expected, StringComparison.Ordinal) || string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Contains(expected, StringComparison.Ordinal))
            {
                return (exitCode, output);
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"no \"{expected}\" in:\n{output}{errors}");
        }
    }

    /// <summary>One that may take its time.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(TimeSpan patience, params string[] arguments) => RunAsAsync([], patience, arguments);

    /// <summary>One that is started by another program, as another user say.</summary>
    /// <param name="starter">That program and its arguments; none for nobody.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="arguments">Of kamrpc.</param>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsAsync(string[] starter, TimeSpan patience, params string[] arguments)
    {
        string[] all = [.. starter, .. KamrpcProgram.Command, .. arguments];
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(patience);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await errors);
    }
}
