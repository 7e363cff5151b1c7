using System.Diagnostics;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>kamrpc as it is published: the native binary.</summary>
internal static class NativeProgram
{
    /// <param name="given">The executable; null to publish it.</param>
    /// <param name="folder">Where to publish it.</param>
    public static async Task<string> FindAsync(string? given, TemporaryFolder folder)
    {
        var binary = given ?? await PublishAsync(folder.File("native"));
        Console.WriteLine($"{binary}: {new FileInfo(binary).Length / 1e6:0.0} MB");
        return binary;
    }

    private static async Task<string> PublishAsync(string folder)
    {
        Console.WriteLine("Publishing kamrpc as a native binary, which takes a minute or two ...");
        using var publish = Process.Start(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "Packaging", "publish.sh"), [folder]);
        await publish.WaitForExitAsync();
        return publish.ExitCode == 0 ? Path.Combine(folder, "kamrpc") : throw new InvalidOperationException("kamrpc was not published, see above");
    }
}
