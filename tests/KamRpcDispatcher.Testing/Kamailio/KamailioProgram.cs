using System.Diagnostics;

namespace KamRpcDispatcher.Testing;

/// <summary>Which Kamailio is run: the installed one, or that of another release, in a folder with a system of its own.</summary>
public static class KamailioProgram
{
    /// <summary>Environment variable that names such a folder.</summary>
    public const string RootVariable = "KAMRPC_TEST_KAMAILIO_ROOT";

    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(30);

    private static readonly FolderProgram InFolder = new("Kamailio", RootVariable);

    /// <summary>Whether there is one to run.</summary>
    internal static bool IsThere => InFolder.Root is null ? RealServers.IsInstalled("kamailio") : InFolder.IsThere;

    /// <summary>What to start so that Kamailio gets the arguments. It takes the place of what is started, with the same process id.</summary>
    /// <exception cref="FileNotFoundException">It is not installed, or the folder that the environment names has none.</exception>
    public static (string Program, IReadOnlyList<string> Arguments) With(params IReadOnlyList<string> arguments) =>
        InFolder.Root is null ? (RealServers.Find("kamailio"), arguments) : InFolder.With(arguments);

    /// <summary>Has it check a config, as <c>kamailio -c</c>.</summary>
    /// <param name="config">The file.</param>
    /// <param name="defines"><c>NAME</c> or <c>NAME=VALUE</c>.</param>
    public static async Task<(int ExitCode, string Output)> CheckAsync(string config, params string[] defines)
    {
        var (program, arguments) = With(["-c", "-f", config, .. defines.SelectMany(static define => new[] { "-A", define })]);
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(CheckTime);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false) + await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
