using System.Diagnostics;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>The executable, for commands that answer and end.</summary>
internal static class Kamrpc
{
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(Fleet.Deadline, arguments);

    /// <summary>One that may take its time.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(TimeSpan patience, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "kamrpc.dll"), .. arguments])
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
