using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// An installation to torment. The call set has three members that stay and one of the operator's list file (SIPp each), and others that come
/// and go but always answer: a call that fails has no excuse. Nobody answers in the second set, which gets no calls.
/// </summary>
internal sealed class ChaosFleet : IAsyncDisposable
{
    private const int Stable = 3;
    private const int Churning = 8;
    private const int UnheardSet = 2;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly List<SipServer> _servers = [];
    private readonly SipResponder _responder = new("127.0.12", Churning);
    private Fleet _fleet = null!;
    private IReadOnlyList<FakeDestination> _foreign = [];

    private ChaosFleet()
    {
    }

    public KamailioServer Kamailio => _fleet.Kamailio;

    public EtcdServer Etcd => _fleet.Etcd;

    public ServerProcess Dispatcher => _fleet.Dispatcher;

    public RpcRelay Relay => _fleet.Relay!;

    public ChangeCounter Counter { get; } = new();

    /// <summary>Where the dispatcher keeps its state.</summary>
    public TinyDisk StateDisk { get; } = new();

    public Churn Churn { get; private set; } = null!;

    public static Task<ChaosFleet> StartAsync(int seed)
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        return ServerLife.StartOrDisposeAsync(new ChaosFleet(), chaos => chaos.BeginAsync(seed));
    }

    public async Task RestartKamailioAsync()
    {
        AssertNothingDied();
        Kamailio.Kill();
        await Kamailio.StartAgainAsync();
    }

    public async Task RestartDispatcherAsync()
    {
        AssertNothingDied();
        Dispatcher.Kill();
        await Dispatcher.Gone;
        _fleet.StartDispatcher();
    }

    public async Task RestartEtcdAsync()
    {
        Etcd.Kill();
        await Etcd.StartAgainAsync();
    }

    /// <summary>Whatever died, the test did it and started it again.</summary>
    public void AssertNothingDied()
    {
        Assert.That(Kamailio.CrashedBySignal, Is.Null);
        Assert.That(Kamailio.Exited.IsCompleted, Is.False, "Kamailio has ended by itself");
        Assert.That(Dispatcher.Exited.IsCompleted, Is.False, "the dispatcher has ended by itself");
    }

    /// <summary>Waits until every lease that a crashed member left has ended.</summary>
    public async Task LeasesEndAsync(TimeSpan deadline)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await ReadPairsAsync() is not { } pairs || pairs.Any(static pair => pair.Lease != 0))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(deadline), "leases without a keeper end");
            await Task.Delay(LookInterval);
        }
    }

    /// <summary>Waits until Kamailio has changed nothing in its table for a while.</summary>
    public async Task QuietAsync(TimeSpan quiet)
    {
        var (count, since) = (Counter.Count, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(since) < quiet)
        {
            await Task.Delay(LookInterval);
            (count, since) = Counter.Count == count ? (count, since) : (Counter.Count, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Waits until Kamailio's list is what etcd and the list file want; answers how long it took.</summary>
    public async Task<TimeSpan> ConvergeAsync(TimeSpan deadline, bool leavingMayStay)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var differences = await DifferencesAsync(leavingMayStay);
            var elapsed = Stopwatch.GetElapsedTime(begun);
            if (differences.Count == 0 && elapsed <= deadline)
            {
                return elapsed;
            }

            if (elapsed > deadline)
            {
                AssertNothingDied();
                Assert.Fail($"Not equal to etcd within {deadline.TotalSeconds} s:\n{string.Join('\n', differences)}\n{string.Join('\n', Dispatcher.Output.Split('\n').TakeLast(60))}");
            }

            await Task.Delay(LookInterval);
        }
    }

    /// <summary>How often Kamailio's script had to try another destination, or had none, since Kamailio's start.</summary>
    public int Failovers() => KamailioLog.Failovers(Kamailio).Count;

    /// <summary>The URIs of each set in Kamailio's order.</summary>
    public async Task<IReadOnlyList<string>> OrderAsync() =>
        [.. (await Kamailio.ListAsync()).OrderBy(static entry => entry.Set).Select(static entry => entry.Uri)];

    public async ValueTask DisposeAsync()
    {
        await (_fleet?.DisposeAsync() ?? default);
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await _responder.DisposeAsync();
        StateDisk.Dispose();
    }

    private async Task BeginAsync(int seed)
    {
        for (var i = 0; i <= Stable; i++)
        {
            _servers.Add(await SipServer.StartAsync());
        }

        _fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = new KamailioOptions
            {
                Workers = 4,

                // One that answers, one that never does and so never gets a call, one that the operator has disabled.
                ListFileLines = [$"1 {_servers[Stable].Uri} 8 7 duid=operator-a", "1 sip:127.0.13.1:5060 9 5 duid=operator-b", $"{UnheardSet} sip:127.0.13.2:5060 4 3 duid=operator-c"],

                // Ended transactions stay in shared memory for 5 s otherwise, and it is compared.
                FinalConfig = "modparam(\"tm\", \"wt_timer\", 1000)",
            },

            // Expiries may come in any number here, and are to be followed: what is held back in a panic would not be equal to etcd.
            Dispatch = ["--removal-delay", $"{ChaosRound.RemovalDelay.TotalSeconds}s", "--panic-threshold", "0", "--state-dir", StateDisk.Path],
            OnDispatcherLine = Counter.See,
            RelaySeed = seed,
        });
        Churn = new Churn(_fleet,
        [
            .. _responder.Uris.Select(static (uri, number) => ($"1/churn-{number}", uri)),
            .. Enumerable.Range(1, Churning).Select(static number => ($"{UnheardSet}/churn-{number}", $"sip:127.0.14.{number}:5060")),
        ]);
        for (var i = 0; i < Stable; i++)
        {
            await _fleet.PutUriAsync($"1/stable-{i}", _servers[i].Uri);
        }

        await _fleet.WaitForListAsync(list => _servers.TrueForAll(server => Fleet.IsRoutable(list, server.Uri)) && list.Count(static entry => entry.Flags == "IP") == 1);
        _foreign = [.. (await Kamailio.ListAsync()).Where(static entry => entry.Attrs!.Contains("operator", StringComparison.Ordinal)).OrderBy(static entry => entry.Set)];
    }

    /// <summary>Null while etcd does not answer.</summary>
    private async Task<IReadOnlyList<Mvccpb.KeyValue>?> ReadPairsAsync()
    {
        var members = _fleet.Keys.Members;
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8(members), RangeEnd = ByteString.CopyFromUtf8(members[..^1] + "0") };
        try
        {
            return (await _fleet.Store.Keys.RangeAsync(range, EtcdStore.Options(ReadTimeout, CancellationToken.None))).Kvs;
        }
        catch (Exception exception) when (EtcdStore.IsOutage(exception, CancellationToken.None))
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<string>> DifferencesAsync(bool leavingMayStay)
    {
        if (await ReadPairsAsync() is not { } pairs)
        {
            return ["etcd does not answer"];
        }

        var expected = pairs.Select(pair => ExpectedMember.Read(pair.Key.ToStringUtf8()[_fleet.Keys.Members.Length..], pair.Value.ToStringUtf8())).ToList();
        try
        {
            return ListComparison.Differences(await Kamailio.ListAsync(), expected, _foreign, leavingMayStay);
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or TimeoutException)
        {
            return [exception.Message];
        }
    }
}
