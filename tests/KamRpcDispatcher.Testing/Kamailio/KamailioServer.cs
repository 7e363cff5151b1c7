using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A real Kamailio with the project's own kamailio.cfg, on a free UDP port of 127.0.0.1. Everything that it writes is in a
/// temporary folder.
/// </summary>
public sealed class KamailioServer : IAsyncDisposable
{
    /// <summary>Where the product keeps the one destination that never gets calls.</summary>
    private const int SentinelSet = 2_000_000_000;

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(20);

    /// <summary>A SIGTERM that was not lost has ended it by then, as a rule.</summary>
    private static readonly TimeSpan SignalTime = TimeSpan.FromSeconds(1);

    private readonly TemporaryFolder _folder = new();
    private readonly KamailioOptions _options;
    private readonly DatagramClient _client;
    private readonly SemaphoreSlim _oneCall = new(1);
    private ServerProcess? _process;

    private KamailioServer(KamailioOptions options)
    {
        _options = options;
        SocketPath = _folder.File(Path.Combine(options.SocketFolder, "kamailio_rpc.sock"));
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        ListFile = _folder.File("dispatcher.list");
        _client = options.RpcUdpPort is { } port ? new DatagramClient(new IPEndPoint(IPAddress.Loopback, port)) : new DatagramClient(SocketPath);
        Directory.CreateDirectory(_folder.File("run"));
        File.WriteAllLines(ListFile, options.ListFileLines);
        File.WriteAllText(ConfigFile, Config());
        if (options.User is { } user)
        {
            File.SetUnixFileMode(_folder.Path, (UnixFileMode)Convert.ToInt32("711", 8));
            Tool.RunAsync("chown", ["-R", $"{user}:{user}", _folder.Path], string.Empty).GetAwaiter().GetResult();
        }
    }

    /// <summary>The release under test, null when Kamailio is not installed.</summary>
    public static Version? Release { get; } = ReadRelease();

    /// <summary>The file that Kamailio is started with: the defines and the include.</summary>
    public string ConfigFile => _folder.File("kamailio.cfg");

    /// <summary>Read at start and at <c>dispatcher.reload</c>.</summary>
    public string ListFile { get; }

    /// <summary>The JSON-RPC FIFO, which the snippet opens unless KAMRPC_TRANSPORT says otherwise.</summary>
    public string FifoPath => _folder.File("run/kamailio_rpc.fifo");

    public string SocketPath { get; }

    /// <summary>The URI by which the product addresses it.</summary>
    public string RpcAddress => _options.RpcUdpPort is { } port ? $"jsonrpc+udp://127.0.0.1:{port}" : "jsonrpc+unix:" + SocketPath;

    public IPEndPoint Sip { get; } = new(IPAddress.Loopback, RealServers.FreeUdpPort());

    /// <summary>The moment when the RPC socket's file appeared at the last start: a <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long SocketCreatedTimestamp { get; private set; }

    /// <summary>When it answered first: it makes the socket well before it starts the worker that reads it.</summary>
    public long AnsweredTimestamp { get; private set; }

    public int Pid => Process.Pid;

    /// <summary>The exit code of the last process that was started.</summary>
    public Task<int> Exited => Process.Exited;

    /// <summary>Ends when all its processes have ended.</summary>
    public Task Gone => Process.Gone;

    public string Output => Process.Output;

    /// <summary>The line by which Kamailio tells that one of its processes crashed; null when none did since the last start.</summary>
    public string? CrashedBySignal => Output.Split('\n').FirstOrDefault(
        line => line.Contains("child process", StringComparison.Ordinal) && line.Contains("exited by a signal", StringComparison.Ordinal));

    private ServerProcess Process => _process ?? throw new InvalidOperationException("Not started.");

    public static Task<KamailioServer> StartAsync(KamailioOptions? options = null) =>
        ServerLife.StartOrDisposeAsync(new KamailioServer(options ?? new KamailioOptions()), static server => server.StartAgainAsync());

    /// <summary>
    /// Starts it with the same ports and paths, and returns when it answers on its RPC socket. One that still runs is killed
    /// first.
    /// </summary>
    public async Task StartAgainAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        var created = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);

        // After a SIGKILL the old file is still there; Kamailio removes it and makes a new one.
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(SocketPath)!, Path.GetFileName(SocketPath));
        watcher.Created += (_, _) => created.TrySetResult(Stopwatch.GetTimestamp());
        watcher.EnableRaisingEvents = true;
        var (program, arguments) = KamailioProgram.With(
        [
            "-f", ConfigFile, "-DD", "-E", "-m", _options.SharedMemoryMegabytes.ToString(CultureInfo.InvariantCulture),
            "-M", _options.PrivateMemoryMegabytes.ToString(CultureInfo.InvariantCulture), .. UserArguments(), "-Y", _folder.File("run"), "-P", _folder.File("kamailio.pid"),
        ]);
        (program, arguments) = PrivateResolver.Around(_options.ResolverFile, Environment.GetEnvironmentVariable(KamailioProgram.RootVariable), program, arguments);
        _process = ServerProcess.Start(program, arguments, _folder.File("kamailio.log"));
        if (_options.RpcUdpPort is not null)
        {
            await AwaitUdpAsync().ConfigureAwait(false);
            return;
        }

        if (await Task.WhenAny(created.Task, _process.Gone).WaitAsync(StartTime).ConfigureAwait(false) != created.Task)
        {
            throw new InvalidOperationException($"Kamailio did not start:\n{Output}");
        }

        SocketCreatedTimestamp = await created.Task.ConfigureAwait(false);
        await EchoAsync().ConfigureAwait(false);
        AnsweredTimestamp = Stopwatch.GetTimestamp();
    }

    /// <summary>A socket's file is there a moment before somebody can be reached by it.</summary>
    private async Task EchoAsync()
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(1).ConfigureAwait(false))
        {
            try
            {
                await CallAsync("core.echo").ConfigureAwait(false);
                return;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused && Stopwatch.GetElapsedTime(begun) < StartTime)
            {
            }
        }
    }

    /// <summary>What systemd does to the directory of a unit (RuntimeDirectory=) that has ended and is started again.</summary>
    public void RenewSocketFolder()
    {
        Directory.Delete(_folder.File(_options.SocketFolder), recursive: true);
        Directory.CreateDirectory(_folder.File(_options.SocketFolder));
    }

    public Task StopAsync() => Process.StopAsync(StopTime, SignalTime);

    /// <summary>SIGKILL to all its processes: the main one alone would leave the others alive, and answering. The socket's file stays.</summary>
    public void Kill() => Process.Kill();

    /// <summary>SIGKILL to one of its processes, as from a kernel that is short of memory: Kamailio then ends as a whole.</summary>
    /// <param name="description">The beginning of what <c>core.psx</c> calls it, such as "udp receiver".</param>
    public Task KillProcessAsync(string description) => SignalProcessAsync(description, UnixSignals.Kill);

    /// <summary>SIGSTOP to one of its processes; <see cref="Resume"/> lets it go on.</summary>
    public Task PauseProcessAsync(string description) => SignalProcessAsync(description, UnixSignals.Stop);

    /// <summary>SIGSTOP to all its processes.</summary>
    public void Pause() => Process.Pause();

    public void Resume() => Process.Resume();

    /// <summary>Calls a method past the product, one call at a time.</summary>
    /// <exception cref="RpcCallException">Kamailio answered with a fault.</exception>
    /// <exception cref="TimeoutException">It did not answer.</exception>
    public async Task<JsonElement> CallAsync(string method, params object[] args)
    {
        await _oneCall.WaitAsync().ConfigureAwait(false);
        try
        {
            return await _client.CallAsync(method, args).ConfigureAwait(false);
        }
        finally
        {
            _oneCall.Release();
        }
    }

    /// <summary>The dispatcher's table, without the product's sentinel, in the order of <c>dispatcher.list</c>; empty when there are no sets.</summary>
    /// <exception cref="TimeoutException">It does not answer, or the list is longer than a datagram (about 600 destinations).</exception>
    public Task<IReadOnlyList<FakeDestination>> ListAsync() => ListAsync([]);

    /// <summary>The same without attributes, of which a datagram takes up to about 1,800 destinations.</summary>
    public Task<IReadOnlyList<FakeDestination>> ShortListAsync() => ListAsync("short");

    private async Task<IReadOnlyList<FakeDestination>> ListAsync(params object[] args)
    {
        try
        {
            var list = DispatcherListing.Read(await CallAsync("dispatcher.list", args).ConfigureAwait(false));
            return [.. list.Where(static entry => entry.Set != SentinelSet)];
        }
        catch (RpcCallException none) when (none.Message == "No Destination Sets")
        {
            return [];
        }
    }

    public async Task<SharedMemory> SharedMemoryAsync()
    {
        var sizes = await CallAsync("core.shmmem").ConfigureAwait(false);
        return new SharedMemory(Of("total"), Of("free"), Of("used"), Of("real_used"), Of("max_used"), Of("fragments"));

        long Of(string name) => sizes.GetProperty(name).GetInt64();
    }

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        _client.Dispose();
        _oneCall.Dispose();
        _folder.Dispose();
    }

    private async Task SignalProcessAsync(string description, int signal)
    {
        var found = (await CallAsync("core.psx").ConfigureAwait(false)).EnumerateArray().First(process => process.GetProperty("DSC").GetString()!.StartsWith(description, StringComparison.Ordinal));
        _ = LibC.Kill(found.GetProperty("PID").GetInt32(), signal);
    }

    private string[] UserArguments() => _options.User is { } user ? ["-u", user, "-g", user] : [];

    private static Version? ReadRelease()
    {
        if (!KamailioProgram.IsThere)
        {
            return null;
        }

        // "version: kamailio 5.6.3 (x86_64/linux)"
        var (program, arguments) = KamailioProgram.With("-v");
        var text = Tool.RunAsync(program, arguments, string.Empty).GetAwaiter().GetResult();
        return Version.Parse(text.Split(' ')[2].Split('-')[0]);
    }

    /// <summary>Nothing tells when a UDP port is open but that it answers.</summary>
    private async Task AwaitUdpAsync()
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(20).ConfigureAwait(false))
        {
            try
            {
                await CallAsync("core.echo").ConfigureAwait(false);
                return;
            }
            catch (SocketException) when (!Process.Gone.IsCompleted && Stopwatch.GetElapsedTime(begun) < StartTime)
            {
                // Refused: not open yet.
            }
        }
    }

    private string Config() => string.Create(CultureInfo.InvariantCulture, $"""
        #!KAMAILIO
        #!define KAMRPC_SOCKET "{(_options.RpcUdpPort is { } port ? $"udp:127.0.0.1:{port}" : SocketPath)}"
        #!define KAMRPC_FIFO "{FifoPath}"
        #!define KAMRPC_LIST_FILE "{ListFile}"
        #!define KAMRPC_LISTEN udp:{Sip}
        #!define KAMRPC_WORKERS {_options.Workers}
        #!define KAMRPC_ALG "{_options.Algorithm}"
        #!define KAMRPC_SET {_options.Set}
        #!define KAMRPC_PING_INTERVAL {_options.PingInterval.TotalSeconds:0}
        {_options.ExtraConfig}
        include_file "{_options.ConfigFile}"
        {_options.FinalConfig}

        """);
}
