using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace KamRpcDispatcher.Testing;

/// <summary>What tests against real servers need to know of the machine they run on.</summary>
public static class RealServers
{
    /// <summary>The folder of KamRpcDispatcher.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>Skips the running test when one of the programs is missing; with CI=true it fails instead, so that no skip goes unseen there.</summary>
    public static void Require(params string[] programs)
    {
        foreach (var program in programs.Where(program => PathOf(program) is null))
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.Fail($"{program} is not installed: in CI the tests with real servers must run");
            }

            Assert.Ignore($"{program} is not installed: skipped {TestContext.CurrentContext.Test.Name}");
        }
    }

    /// <summary>A TCP port of 127.0.0.1 that nobody has.</summary>
    public static int FreePort() => FreePort(SocketType.Stream, ProtocolType.Tcp);

    /// <summary>A UDP port of 127.0.0.1 that nobody has.</summary>
    public static int FreeUdpPort() => FreePort(SocketType.Dgram, ProtocolType.Udp);

    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    internal static string Find(string program) =>
        PathOf(program) ?? throw new FileNotFoundException($"{program} is not installed", program);

    private static int FreePort(SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Servers are often installed in /usr/sbin, which is not on everybody's PATH.</summary>
    private static string? PathOf(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static string FindRoot(DirectoryInfo? folder) =>
        folder is null ? throw new InvalidOperationException($"No KamRpcDispatcher.sln above {AppContext.BaseDirectory}")
        : File.Exists(Path.Combine(folder.FullName, "KamRpcDispatcher.sln")) ? folder.FullName
        : FindRoot(folder.Parent);
}
