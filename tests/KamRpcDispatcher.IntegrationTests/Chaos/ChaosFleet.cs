using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// An installation to torment. The call set has three members that stay, one of them of version v2, and one of the operator's list file (SIPp each), and others that come
/// and go but always answer: a call that fails has no excuse. Nobody answers in the second set, which gets no calls.
/// </summary>
internal sealed class ChaosFleet : IAsyncDisposable
{
    private const int Stable = 3;
    private const int Churning = 8;
    private const int ByHand = 2;
    private const int Workers = 4;
    private const int UnheardSet = 2;

    /// <summary>For Kamailio to end by itself after one of its processes was killed.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(3);

    private readonly List<SipServer> _servers = [];
    private readonly SipResponder _responder = new("127.0.12", Churning + ByHand);
    private readonly TemporaryFolder _replies = new();
    private readonly int _callsPerSecond;
    private Fleet _fleet = null!;
    private bool _readsFifo;

    private ChaosFleet(int callsPerSecond) => _callsPerSecond = callsPerSecond;

    public KamailioServer Kamailio => _fleet.Kamailio;

    public EtcdServer Etcd => _fleet.Etcd;

    public ServerProcess Dispatcher => _fleet.Dispatcher;

    public RpcRelay Relay => _fleet.Relay!;

    public ChangeCounter Counter { get; } = new();

    /// <summary>Where the dispatcher keeps its state.</summary>
    public TinyDisk StateDisk { get; } = new();

    /// <summary>Answers for the name in the operator's list; null where a test may not have a name server of its own, which takes root.</summary>
    public DnsServer? Names { get; } = Environment.IsPrivilegedProcess ? DnsServer.Start() : null;

    public Churn Churn { get; private set; } = null!;

    public ChaosOperator Operator { get; private set; } = null!;

    public ForeignEntries Foreign { get; private set; } = null!;

    public ChaosChecks Checks { get; private set; } = null!;

    public static Task<ChaosFleet> StartAsync(int seed, int callsPerSecond)
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        return ServerLife.StartOrDisposeAsync(new ChaosFleet(callsPerSecond), chaos => chaos.BeginAsync(seed));
    }

    public async Task RestartKamailioAsync()
    {
        AssertNothingDied();
        Kamailio.Kill();
        await Kamailio.StartAgainAsync();
    }

    /// <summary>One of its workers is killed, and it ends; started again, as by systemd.</summary>
    public async Task LoseWorkerAsync()
    {
        AssertNothingDied();
        await Kamailio.KillProcessAsync("udp receiver");
        await Task.WhenAny(Kamailio.Gone, Task.Delay(EndTime));
        await Kamailio.StartAgainAsync();
    }

    /// <summary>Every other one has a FIFO too, for reading.</summary>
    public async Task RestartDispatcherAsync()
    {
        AssertNothingDied();
        Dispatcher.Kill();
        await Dispatcher.Gone;
        _readsFifo = !_readsFifo;
        _fleet.StartDispatcher(_readsFifo ? ["--kamailio-read", "jsonrpc+fifo:{fifo}"] : []);
    }

    /// <summary>Whatever the dispatcher gets Kamailio's replies through loses its name, as by a cleaner of /tmp.</summary>
    public void RemoveReplyFiles()
    {
        foreach (var file in Directory.EnumerateFiles(_replies.Path))
        {
            File.Delete(file);
        }
    }

    /// <summary>Lets the calls be more than Kamailio's workers can do.</summary>
    public Task OverloadAsync(int percent, TimeSpan time) => new SlowScript(Kamailio).OverloadAsync(percent, Workers, _callsPerSecond, time);

    /// <summary>Whatever died, the test did it and started it again.</summary>
    public void AssertNothingDied()
    {
        Assert.That(Kamailio.CrashedBySignal, Is.Null);
        Assert.That(Kamailio.Exited.IsCompleted, Is.False, "Kamailio has ended by itself");
        Assert.That(Dispatcher.Exited.IsCompleted, Is.False, "the dispatcher has ended by itself");
    }

    public async Task RestartEtcdAsync()
    {
        Etcd.Kill();
        await Etcd.StartAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await (_fleet?.DisposeAsync() ?? default);
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await _responder.DisposeAsync();
        StateDisk.Dispose();
        Names?.Dispose();
        _replies.Dispose();
    }

    private async Task BeginAsync(int seed)
    {
        Names?.Set(ForeignEntries.Name, "127.0.13.4");
        for (var i = 0; i <= Stable; i++)
        {
            _servers.Add(await SipServer.StartAsync());
        }

        _fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = new KamailioOptions
            {
                Workers = Workers,
                ListFileLines = ForeignEntries.ListFile(_servers[Stable].Uri, isNameKnown: Names is not null),
                ResolverFile = Names?.ResolverFile,

                // Kamailio remembers for a minute otherwise that a name did not resolve, and what it would drop is held back for as long.
                ExtraConfig = $"dns_cache_negative_ttl=1\n{SlowScript.Define}",

                // Ended transactions stay in shared memory for 5 s otherwise, and it is compared.
                FinalConfig = $"modparam(\"tm\", \"wt_timer\", 1000)\nmodparam(\"jsonrpcs\", \"fifo_reply_dir\", \"{_replies.Path}/\")\n{SharedMemoryBallast.Config}\n{SlowScript.Config}",
            },

            // Expiries may come in any number here, and are to be followed: what is held back in a panic would not be equal to etcd.
            Dispatch =
            [
                // A few names change without end, and are to be followed.
                "--change-burst", "0",
                "--removal-delay", $"{ChaosRound.RemovalDelay.TotalSeconds}s", "--panic-threshold", "0", "--state-dir", StateDisk.Path,
                "--reply-dir", _replies.Path, "--fifo-reply-dir", _replies.Path,
            ],
            OnDispatcherLine = Counter.See,
            RelaySeed = seed,
        });
        Foreign = new ForeignEntries(Kamailio, [.. _responder.Uris.Skip(Churning)]);
        Checks = new ChaosChecks(this, _fleet, [.. _servers.Select(static server => server.Uri)]);
        Operator = new ChaosOperator(_fleet);
        Churn = new Churn(_fleet,
        [
            .. _responder.Uris.Take(Churning).Select(static (uri, number) => ($"1/churn-{number}", uri)),
            .. Enumerable.Range(1, Churning).Select(static number => ($"{UnheardSet}/churn-{number}", $"sip:127.0.14.{number}:5060")),
        ]);
        for (var i = 0; i < Stable; i++)
        {
            await _fleet.PutAsync($"1/stable-{i}", $$$"""{"uri":"{{{_servers[i].Uri}}}","labels":{"{{{ExpectedMember.Label}}}":"v{{{(i < Stable - 1 ? 1 : 2)}}}"}}""");
        }

        await _fleet.WaitForListAsync(list => _servers.TrueForAll(server => Fleet.IsRoutable(list, server.Uri)) && list.Count(static entry => entry.Flags == "IP") == 1);
        await Foreign.RememberAsync();
    }
}
