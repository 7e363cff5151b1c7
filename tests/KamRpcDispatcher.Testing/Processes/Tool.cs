using System.Diagnostics;

namespace KamRpcDispatcher.Testing;

/// <summary>Runs a program to its end and takes its answer.</summary>
public static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <returns>Standard output.</returns>
    /// <exception cref="InvalidOperationException">The exit code is not 0; the message has standard error.</exception>
    /// <exception cref="TimeoutException">It took too long, and was killed.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, string input, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(RealServers.Find(program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), deadline.Token).ConfigureAwait(false);
            process.StandardInput.Close();
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            return process.ExitCode == 0
                ? await output.ConfigureAwait(false)
                : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors.ConfigureAwait(false)}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', start.ArgumentList)} took longer than {Patience.TotalSeconds} s.");
        }
    }
}
