using System.Diagnostics;
using KamRpcDispatcher.Cli;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The executable as a user calls it.</summary>
internal static class Kamrpc
{
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(arguments, []);

    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, (string Name, string Value)[] environment) =>
        RunProgramAsync("dotnet", [typeof(ExitCode).Assembly.Location, .. arguments], environment);

    /// <summary>Around it another program.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunProgramAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
