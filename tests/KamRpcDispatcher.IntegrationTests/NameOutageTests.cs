using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Name servers that fall silent take nobody out, and keep nobody from leaving.</summary>
[Parallelizable]
public class NameOutageTests
{
    private const string Members = "/kamrpc/default/members/1/";
    private const int Names = 60;
    private const int Addresses = 4;

    private readonly List<ServerProcess> _announcers = [];
    private EtcdServer _etcd = null!;
    private DnsServer _dns = null!;
    private SipResponder _sip = null!;

    [SetUp]
    public async Task StartServers()
    {
        RealServers.Require("etcd", "etcdctl", "unshare");
        OtherUser.RequireRoot();
        _etcd = await EtcdServer.StartAsync();
        _dns = DnsServer.Start();
        _sip = SipResponder.AtEveryAddress();

        // The resolver's own patience is 5 s, twice.
        await File.WriteAllLinesAsync(_dns.ResolverFile, (await File.ReadAllLinesAsync(_dns.ResolverFile)).Where(static line => !line.StartsWith("options", StringComparison.Ordinal)));
        _dns.Set("etcd.test", "127.0.0.1");
        for (var index = 0; index < Names; index++)
        {
            _dns.Set($"host{index}.test", $"127.0.7.{index + 1}");
        }
    }

    [TearDown]
    public async Task StopEverything()
    {
        foreach (var announcer in _announcers)
        {
            await announcer.DisposeAsync();
        }

        _announcers.Clear();
        if (_sip is not null)
        {
            await _sip.DisposeAsync();
        }

        _dns?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [TestCase("options")]
    [TestCase("tcp")]
    public async Task No_member_goes_when_the_name_servers_fall_silent_nor_when_etcd_restarts_meanwhile_and_a_stop_is_quick(string probe)
    {
        using var listener = new TcpListener(IPAddress.Any, _sip.Port);
        listener.Start();
        var accepting = AcceptAsync(listener);

        // Who answers here is this process, which a busy machine may hold up for longer than two looks take; names are silent for twelve.
        var announcer = Announce(["--probe", probe, "--fall", "6", .. Uris()]);
        await WaitForReadyAsync(Names + Addresses);

        var downs = Downs(announcer);
        _dns.Mode = DnsServer.Behaviour.Silence;
        await StaysAsync(TimeSpan.FromSeconds(12));
        await _etcd.StartAgainAsync();
        await StaysAsync(TimeSpan.FromSeconds(6));

        var asked = Stopwatch.GetTimestamp();
        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Output);

        // Of these two seconds for a proxy, of which there is none.
        Assert.That(Stopwatch.GetElapsedTime(asked), Is.LessThan(TimeSpan.FromSeconds(6)));
        Assert.That(await _etcd.KeysAsync(Members), Is.Empty);
        Assert.That(announcer.Output, Does.Not.Contain("is gone"));
        Assert.That(Downs(announcer), Is.EqualTo(downs), announcer.Output);
        listener.Stop();
        await accepting.WaitAsync(Fleet.Deadline);
    }

    [Test]
    public async Task Members_with_addresses_are_announced_while_no_name_is_answered_and_the_others_when_one_is()
    {
        _dns.Mode = DnsServer.Behaviour.Silence;
        Announce([.. Uris()], etcd: "127.0.0.1");
        await WaitForReadyAsync(Addresses);

        _dns.Mode = DnsServer.Behaviour.Answer;
        await WaitForReadyAsync(Names + Addresses);
    }

    [Test]
    public async Task An_announcer_that_is_started_again_meanwhile_goes_on_with_the_record_that_it_left_and_a_stranger_is_down_with_the_reason()
    {
        var before = Announce(["--ttl", "20s", "--uri", $"a=sip:host1.test:{_sip.Port}"]);
        await WaitForReadyAsync(1);
        before.Kill();
        await before.Exited.WaitAsync(Fleet.Deadline);

        _dns.Mode = DnsServer.Behaviour.Silence;
        var after = Announce(["--ttl", "20s", "--uri", $"a=sip:host1.test:{_sip.Port}", "--uri", $"b=sip:host2.test:{_sip.Port}"], "127.0.0.1", "information");
        await after.WaitForLineAsync($"Wrote {Members}a", Fleet.Deadline);
        await after.WaitForLineAsync("1/b (sip:host2.test", Fleet.Deadline);
        await after.WaitForLineAsync($"Wrote {Members}b", Fleet.Deadline);
        Assert.That(await _etcd.GetAsync(Members + "b"), Does.Contain("\"state\":\"down\"").And.Contain("name"));
        Assert.That(await _etcd.GetAsync(Members + "a"), Does.Not.Contain("down"), after.Output);
        Assert.That(after.Output, Does.Contain($"sip:host1.test:{_sip.Port} cannot be probed (").And.Not.Contain("1/a (sip:host1.test"));

        _dns.Mode = DnsServer.Behaviour.Answer;
        await WaitForReadyAsync(2);
        await after.WaitForLineAsync("1/a (sip:host1.test", Fleet.Deadline);
    }

    /// <summary>How often it was told that a server is down: a machine that is busy may miss the first looks.</summary>
    private static int Downs(ServerProcess announcer) => announcer.Output.Split("is down").Length;

    private static async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptSocketAsync()).Dispose();
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private IEnumerable<string> Uris() =>
        Enumerable.Range(0, Names).Select(index => $"name{index}=sip:host{index}.test:{_sip.Port}")
            .Concat(Enumerable.Range(1, Addresses).Select(index => $"address{index}=sip:127.0.8.{index}:{_sip.Port}"))
            .SelectMany(static uri => (string[])["--uri", uri]);

    private ServerProcess Announce(string[] options, string etcd = "etcd.test", string level = "warning")
    {
        var (program, arguments) = PrivateResolver.Around(
            _dns.ResolverFile,
            null,
            KamrpcProgram.File,
            [.. KamrpcProgram.Prefix, "announce", "--etcd", _etcd.Endpoint.Replace("127.0.0.1", etcd, StringComparison.Ordinal), "--log-level", level, .. options]);
        var announcer = ServerProcess.Start(program, arguments);
        _announcers.Add(announcer);
        return announcer;
    }

    private async Task WaitForReadyAsync(int count)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await ReadyAsync() is var ready && ready != count)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(2 * Fleet.Deadline), $"{ready} of {count} are ready\n{_announcers[^1].Output}");
        }
    }

    /// <summary>Looks all the time.</summary>
    private async Task StaysAsync(TimeSpan time)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < time)
        {
            Assert.That(await ReadyAsync(), Is.EqualTo(Names + Addresses), () => $"after {Stopwatch.GetElapsedTime(begun)}\n{_announcers[^1].Output}");
        }
    }

    private async Task<int> ReadyAsync() => (await _etcd.ValuesAsync(Members)).Count(static value => !value.Contains("\"state\"", StringComparison.Ordinal));
}
