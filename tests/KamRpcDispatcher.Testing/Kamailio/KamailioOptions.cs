namespace KamRpcDispatcher.Testing;

/// <summary>How a <see cref="KamailioServer"/> is configured: the values of the defines that kamailio-cfg/kamailio.cfg takes.</summary>
public sealed record KamailioOptions
{
    /// <summary>Environment variable that names another file in place of kamailio-cfg/kamailio.cfg.</summary>
    public const string ConfigVariable = "KAMRPC_TEST_KAMAILIO_CFG";

    /// <summary>
    /// For destinations of whom nobody is there, and that are to be active: the pings come so late that none finds them dead. Without any, 6.1
    /// shows X instead of P.
    /// </summary>
    public static KamailioOptions WithLatePings { get; } = new() { PingInterval = TimeSpan.FromHours(1) };

    /// <summary>The config that is included.</summary>
    public string ConfigFile { get; init; } = Environment.GetEnvironmentVariable(ConfigVariable)
        ?? Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamailio.cfg");

    /// <summary>Lines of the list file, such as "1 sip:127.0.0.1:5080 8 0 duid=a": foreign destinations.</summary>
    public IReadOnlyList<string> ListFileLines { get; init; } = [];

    /// <summary>UDP receivers.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>Kamailio's own default is 64.</summary>
    public int SharedMemoryMegabytes { get; init; } = 64;

    /// <summary>Of each process; Kamailio's own default is 8.</summary>
    public int PrivateMemoryMegabytes { get; init; } = 8;

    /// <summary>4 is round robin.</summary>
    public string Algorithm { get; init; } = "4";

    /// <summary>The set that calls go to.</summary>
    public int Set { get; init; } = 1;

    /// <summary>Whole seconds; zero turns the probing off.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A UDP port of 127.0.0.1 for JSON-RPC in place of the Unix socket: jsonrpcs has one datagram socket.</summary>
    public int? RpcUdpPort { get; init; }

    /// <summary>The folder of the RPC socket, within that of everything that it writes.</summary>
    public string SocketFolder { get; init; } = "";

    /// <summary>The user, with a group of the same name, that it is to be once it has started; null for the one that starts it. It takes root.</summary>
    public string? User { get; init; }

    /// <summary>A resolv.conf of its own, null for the machine's.</summary>
    public string? ResolverFile { get; init; }

    /// <summary>Put before the include: more defines, globals, modules.</summary>
    public string ExtraConfig { get; init; } = "";

    /// <summary>Put after the include: modparams that shall win over those of the config.</summary>
    public string FinalConfig { get; init; } = "";
}
