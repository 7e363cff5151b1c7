using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Host.Reload;

/// <summary>Asks the file that stands at this program's path what it is: one that is broken never takes the place of one that runs.</summary>
internal static partial class NewProgram
{
    /// <summary>Set to 1 for the question: a program that can go on with what is handed over says so.</summary>
    private const string Variable = "KAMRPC_SUCCESSOR";

    /// <summary>The line that it says then, before its version.</summary>
    private const string TakesOver = "takes over";

    private const int LongestAnswer = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Answers the question, where this program is asked. Older programs read the answer: it is these two lines for good, whatever <c>--version</c> tells people.</summary>
    /// <param name="arguments">This program's.</param>
    /// <param name="version">Version and commit.</param>
    public static bool Answers(string[] arguments, string version)
    {
        var isAsked = arguments is ["--version"] && Environment.GetEnvironmentVariable(Variable) == "1";
        if (isAsked)
        {
            Console.Out.WriteLine(TakesOver);
            Console.Out.WriteLine(version);
        }

        return isAsked;
    }

    /// <summary>What it says of itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arguments">With which it is asked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ProgramAnswer> AskAsync(string path, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var start = new ProcessStartInfo(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = "1";
        try
        {
            ProcessImage.ReleaseSignals();
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            try
            {
                var (output, errors) = (ReadAsync(process.StandardOutput, patience.Token), ReadAsync(process.StandardError, patience.Token));
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
                return Read(process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return new ProgramAnswer(Trouble: $"it does not say its version within {Patience.TotalSeconds:0} s");
            }
        }
        catch (Win32Exception exception)
        {
            return new ProgramAnswer(Trouble: $"it cannot be started: {exception.Message}");
        }
    }

    /// <param name="exitCode">With which it ended.</param>
    /// <param name="output">The beginning of its answer.</param>
    /// <param name="errors">The beginning of what it said beside that.</param>
    internal static ProgramAnswer Read(int exitCode, string output, string errors)
    {
        var lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return exitCode != 0 ? new ProgramAnswer(Trouble: $"asked for its version it ends with {exitCode}: {SafeText.Shorten((errors.Length > 0 ? errors : output).Trim())}")
            : lines.LastOrDefault() is not { } line || VersionLine().Match(line) is not { Success: true } version ? new ProgramAnswer(Trouble: $"it is not kamrpc: asked for its version it says '{SafeText.Shorten(output.Trim())}'")
            : new ProgramAnswer(version.Groups["version"].Value, lines.Contains(TakesOver));
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[LongestAnswer];
        var length = await reader.ReadBlockAsync(buffer, cancellationToken).ConfigureAwait(false);

        // What it says beyond that nobody wants to know, but it is not to wait for a reader.
        while (length == LongestAnswer && await reader.ReadAsync(new char[LongestAnswer], cancellationToken).ConfigureAwait(false) > 0)
        {
        }

        return new string(buffer, 0, length);
    }

    /// <summary>As "--version" says it: the version, and how the program was built.</summary>
    [GeneratedRegex(@"^(?<version>\d+\.\d+[0-9A-Za-z.+-]{0,100})( \([^()]+\))?$", RegexOptions.CultureInvariant)]
    private static partial Regex VersionLine();
}

/// <summary>What a program says of itself.</summary>
/// <param name="Version">Its version.</param>
/// <param name="TakesOver">Whether it goes on with what is handed over.</param>
/// <param name="Trouble">Why it cannot be used; null where it can.</param>
internal sealed record ProgramAnswer(string Version = "", bool TakesOver = false, string? Trouble = null);
