using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace KamRpcDispatcher.Testing;

/// <summary>What tests against real servers need to know of the machine they run on.</summary>
public static class RealServers
{
    /// <summary>Below the range from which the kernel gives ports to clients: what is chosen here stays free until its server binds it.</summary>
    private const int LowestPort = 20_000;
    private const int PortCount = 12_000;

    /// <summary>Environment variable with programs, separated by commas, that count as not installed.</summary>
    private const string WithoutVariable = "KAMRPC_TEST_WITHOUT";

    private static readonly HashSet<int> TakenPorts = [];

    /// <summary>The folder of KamRpcDispatcher.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>Skips the running test when one of the programs is missing; with CI=true it fails instead, so that no skip goes unseen there.</summary>
    public static void Require(params string[] programs)
    {
        foreach (var program in programs.Where(program => PathOf(program) is null))
        {
            Lack($"{program} is not installed");
        }
    }

    /// <summary>The same for a file that comes with a server.</summary>
    public static void RequireFile(string path)
    {
        if (!File.Exists(path))
        {
            Lack($"there is no {path}");
        }
    }

    /// <summary>A TCP port that nobody has, and that is given once only.</summary>
    public static int FreePort() => FreePort(SocketType.Stream, ProtocolType.Tcp);

    /// <summary>A UDP port that nobody has, and that is given once only.</summary>
    public static int FreeUdpPort() => FreePort(SocketType.Dgram, ProtocolType.Udp);

    /// <summary>Ends the running test for want of a server.</summary>
    internal static void Lack(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"{reason}: in CI the tests with real servers must run");
        }

        Assert.Ignore($"{reason}: skipped {TestContext.CurrentContext.Test.Name}");
    }

    internal static bool IsInstalled(string program) => PathOf(program) is not null;

    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    internal static string Find(string program) =>
        PathOf(program) ?? throw new FileNotFoundException($"{program} is not installed", program);

    private static int FreePort(SocketType type, ProtocolType protocol)
    {
        lock (TakenPorts)
        {
            while (true)
            {
                var port = LowestPort + Random.Shared.Next(PortCount);
                if (!TakenPorts.Contains(port) && CanBind(port, type, protocol))
                {
                    TakenPorts.Add(port);
                    return port;
                }
            }
        }
    }

    private static bool CanBind(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Servers are often installed in /usr/sbin, which is not on everybody's PATH: they are started by this path, not by their name.</summary>
    private static string? PathOf(string program) =>
        (Environment.GetEnvironmentVariable(WithoutVariable) ?? string.Empty).Split(',').Contains(program) ? null
        : $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static string FindRoot(DirectoryInfo? folder) =>
        folder is null ? throw new InvalidOperationException($"No KamRpcDispatcher.sln above {AppContext.BaseDirectory}")
        : File.Exists(Path.Combine(folder.FullName, "KamRpcDispatcher.sln")) ? folder.FullName
        : FindRoot(folder.Parent);
}
