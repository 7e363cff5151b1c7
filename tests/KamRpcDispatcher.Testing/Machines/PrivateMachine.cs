using System.Globalization;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A machine of its own out of this one: its own name, processes, network and folders to write to, and this machine's programs (tests/machine/machine.sh).
/// What an operator types as root is run as it stands. It takes root.
/// </summary>
public sealed class PrivateMachine : IAsyncDisposable
{
    /// <summary>Where the variables are kept that were exported by what was run before.</summary>
    private const string Exported = "/run/exported";

    /// <summary>Of this process's variables nothing that is a setting of kamrpc's; and .NET may be somewhere that nobody looks.</summary>
    private const string Around = $$"""
        export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$DOTNET_ROOT
        for name in ${!KAMRPC_@}; do unset "$name"; done
        cd "$REPOSITORY"
        if [ -e {{Exported}} ]; then . {{Exported}}; fi
        eval "$1"
        export -p >{{Exported}}
        """;

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    private readonly ServerProcess _process;

    private PrivateMachine(string name, ServerProcess process) => (Name, _process) = (name, process);

    public string Name { get; }

    /// <summary>How long commands may take.</summary>
    public TimeSpan RunTime { get; set; } = TimeSpan.FromMinutes(2);

    /// <param name="name">Its host name.</param>
    /// <param name="debian">A folder with a system of its own, whose programs it has; null for this machine's.</param>
    public static async Task<PrivateMachine> StartAsync(string name, string? debian = null)
    {
        var process = ServerProcess.Start(
            "env",
            [$"DOTNET_ROOT={DotnetRoot}", Path.Combine(RealServers.RepositoryRoot, "tests", "machine", "machine.sh"), name, RealServers.RepositoryRoot, .. debian is null ? Array.Empty<string>() : [debian]]);
        return await ServerLife.StartOrDisposeAsync(new PrivateMachine(name, process), machine => machine._process.WaitForLineAsync($"{name} is up", StartTime)).ConfigureAwait(false);
    }

    /// <summary>Gives it an address of 10.0.0.0/24, on a switch for those that are plugged in. Its Ethernet address is given too: else it is the lowest of theirs, changes when one is plugged in, and who knew it before reaches it no more for many seconds.</summary>
    public Task UseAsSwitchAsync(string address) => RunAsync($"ip link add lan address 02:00:00:00:00:01 type bridge && ip link set lan up && ip address add {address}/24 dev lan");

    /// <summary>Puts a cable in, to the one that is the switch.</summary>
    public async Task PlugIntoAsync(PrivateMachine other, string address)
    {
        await Tool.RunAsync("ip", ["link", "add", "eth0", "netns", Text(_process.Pid), "type", "veth", "peer", "name", Name, "netns", Text(other._process.Pid)], string.Empty).ConfigureAwait(false);
        await other.RunAsync($"ip link set {Name} master lan up").ConfigureAwait(false);
        await RunAsync($"ip address add {address}/24 dev eth0 && ip link set eth0 up").ConfigureAwait(false);
    }

    /// <summary>Copies a folder from another machine to the same place.</summary>
    public Task CopyFromAsync(PrivateMachine other, string folder) =>
        Tool.RunAsync("cp", ["-a", $"/proc/{Text(other._process.Pid)}/root{folder}", $"/proc/{Text(_process.Pid)}/root{Path.GetDirectoryName(folder)}/"], string.Empty);

    /// <summary>Puts kamrpc where the samples have it, into /opt/kamrpc: the native program where the tests have one, else the one built with them.</summary>
    public async Task InstallKamrpcAsync()
    {
        await RunAsync("mkdir -p /opt/kamrpc").ConfigureAwait(false);
        await Tool.RunAsync("cp", ["-aL", KamrpcProgram.Installed, $"/proc/{Text(_process.Pid)}/root/opt/kamrpc/"], string.Empty).ConfigureAwait(false);
    }

    /// <summary>Runs commands as root's shell does, in the repository's folder; what they export is there for the next ones.</summary>
    /// <returns>What they said.</returns>
    /// <exception cref="InvalidOperationException">One of them did not end with 0; the message has what they said.</exception>
    public async Task<string> RunAsync(string commands)
    {
        var (exitCode, output) = await TryAsync(commands).ConfigureAwait(false);
        return exitCode == 0 ? output : throw new InvalidOperationException($"On {Name} this ended with {exitCode}:\n{commands}\n\n{output}");
    }

    /// <summary>The same, with the exit code of the first that did not end with 0.</summary>
    public async Task<(int ExitCode, string Output)> TryAsync(string commands)
    {
        var process = Start(commands);
        await using (process.ConfigureAwait(false))
        {
            await process.Gone.WaitAsync(RunTime).ConfigureAwait(false);
            return (await process.Exited.ConfigureAwait(false), process.Output);
        }
    }

    /// <summary>Starts commands that go on.</summary>
    public ServerProcess Start(string commands, Action<string>? onLine = null) => ServerProcess.Start(
        "env",
        [
            $"DOTNET_ROOT={DotnetRoot}", $"REPOSITORY={RealServers.RepositoryRoot}", "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_NOLOGO=1", RealServers.Find("nsenter"),
            $"--target={Text(_process.Pid)}", "--mount", "--net", "--uts", $"--pid=/proc/{Text(_process.Pid)}/ns/pid_for_children", "bash", "-euo", "pipefail", "-c",
            Around, "bash", commands,
        ],
        onLine: onLine);

    public async ValueTask DisposeAsync()
    {
        // Its first process takes no notice of anything else.
        _process.Kill();
        await _process.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Above shared/Microsoft.NETCore.App/VERSION.</summary>
    private static string DotnetRoot => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
