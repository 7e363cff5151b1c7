using System.Diagnostics;
using System.Net;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A real Asterisk on free ports of 127.0.0.1, with a configuration of its own in a temporary folder. It knows who calls from 127.0.0.1,
/// asks all others who they are (401), answers every call and holds it until the caller hangs up; the user "ringing" is never answered.
/// </summary>
public sealed class AsteriskServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    /// <summary>It takes one second to hang up and another two to end.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly AsteriskPorts _ports = new();
    private readonly string _configFile;
    private readonly List<ServerProcess> _consoles = [];
    private ServerProcess? _process;

    private AsteriskServer()
    {
        _configFile = AsteriskConfig.WriteTo(_folder, _ports);
        AmiSecretFile = _folder.File("ami.secret");
        File.WriteAllText(AmiSecretFile, AmiSecret + "\n");
        File.SetUnixFileMode(AmiSecretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public IPEndPoint Sip => new(IPAddress.Loopback, _ports.Udp);

    public string Uri => $"sip:127.0.0.1:{_ports.Udp}";

    public string TcpUri => $"sip:127.0.0.1:{_ports.Tcp};transport=tcp";

    public string TlsUri => $"sip:127.0.0.1:{_ports.Tls};transport=tls";

    /// <summary>Of the TLS transport; "localhost", and its own authority.</summary>
    public string CertificateFile => _folder.File("cert.pem");

    public int AmiPort => _ports.Ami;

    public static string AmiUser => AsteriskConfig.AmiUser;

    public static string AmiSecret => AsteriskConfig.AmiSecret;

    public string AmiSecretFile { get; }

    public int Pid => Process.Pid;

    /// <summary>Ends with the process.</summary>
    public Task Gone => Process.Gone;

    public string Output => Process.Output;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("Not started.");

    public static Task<AsteriskServer> StartAsync() =>
        ServerLife.StartOrDisposeAsync(new AsteriskServer(), static async server =>
        {
            await TestCertificate.MakeAsync(server._folder).ConfigureAwait(false);
            await server.StartAgainAsync().ConfigureAwait(false);
        });

    /// <summary>Starts it with the same ports, and returns when it answers calls. One that still runs is killed first.</summary>
    public async Task StartAgainAsync()
    {
        await EndAsync().ConfigureAwait(false);

        // Its own process, that a signal reaches: -f. And -v, without which it does not say that it is ready.
        var (program, arguments) = AsteriskProgram.With("-f", "-v", "-C", _configFile);
        _process = ServerProcess.Start(program, arguments, _folder.File("log/asterisk.log"));
        await _process.WaitForLineAsync("Asterisk Ready", StartTime).ConfigureAwait(false);
    }

    /// <summary>Runs a command of its console (asterisk -rx) to its end.</summary>
    /// <returns>What it printed.</returns>
    public Task<string> CliAsync(string command)
    {
        var (program, arguments) = Console(command);
        return Tool.RunAsync(program, arguments, "");
    }

    /// <summary>
    /// Begins a command that lasts as long as Asterisk does, such as "core stop gracefully", and returns before Asterisk has it. "core
    /// abort shutdown" ends it too.
    /// </summary>
    public void Begin(string command)
    {
        var (program, arguments) = Console(command);
        _consoles.Add(ServerProcess.Start(program, arguments));
    }

    /// <summary>Waits until so many calls are up.</summary>
    /// <exception cref="TimeoutException">They were not in time.</exception>
    public async Task WaitForCallsAsync(int count)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await CliAsync("core show calls").ConfigureAwait(false) is var said && !said.StartsWith($"{count} active call", StringComparison.Ordinal))
        {
            if (Stopwatch.GetElapsedTime(begun) > StartTime)
            {
                throw new TimeoutException($"Not {count} calls: {said}");
            }
        }
    }

    /// <summary>SIGTERM, which is "core stop now": calls that are up get a BYE.</summary>
    public Task StopAsync() => Process.StopAsync(StopTime);

    public void Kill() => Process.Kill();

    /// <summary>It holds its ports and answers nothing.</summary>
    /// <exception cref="TimeoutException">It does not stop.</exception>
    public void Pause()
    {
        Process.Pause();

        // kill(2) does not wait for it: of its many threads one that runs at the moment answers what comes yet.
        if (!SpinWait.SpinUntil(IsStopped, StopTime))
        {
            throw new TimeoutException($"Asterisk did not stop:\n{Output}");
        }
    }

    public void Resume() => Process.Resume();

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    /// <summary>Not with the three seconds that it takes when asked: it has no processes of its own that would be left.</summary>
    private async Task EndAsync()
    {
        _process?.Kill();
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        foreach (var console in _consoles)
        {
            await console.DisposeAsync().ConfigureAwait(false);
        }

        _consoles.Clear();
    }

    private bool IsStopped()
    {
        try
        {
            // "1234 (asterisk) T ..."
            return Directory.GetDirectories($"/proc/{Pid}/task")
                .All(static thread => File.ReadAllText(thread + "/stat") is var text && text[text.LastIndexOf(')') + 2] == 'T');
        }
        catch (IOException)
        {
            // A thread that ended in between.
            return false;
        }
    }

    private (string Program, IReadOnlyList<string> Arguments) Console(string command) => AsteriskProgram.With("-C", _configFile, "-rx", command);
}
