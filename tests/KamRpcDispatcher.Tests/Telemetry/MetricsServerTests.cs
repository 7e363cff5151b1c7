using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Telemetry;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>What is answered over HTTP, by a real server.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MetricsServerTests : IAsyncDisposable
{
    private readonly IPEndPoint _address = new(IPAddress.Loopback, RealServers.FreePort());
    private readonly CancellationTokenSource _life = new();
    private readonly HttpClient _client;
    private readonly Task _running;
    private bool? _getsCalls = true;
    private bool _isReady = true;

    public MetricsServerTests()
    {
        _client = new HttpClient { BaseAddress = new Uri($"http://{_address}") };
        var subject = new HttpSubject
        {
            Metrics = static () => Encoding.UTF8.GetBytes("kamrpc_build_info 1\n"),
            IsAlive = static () => true,
            Ready = sets => new Readiness(_isReady, $"sets {string.Join('+', sets ?? new HashSet<int>())}\n", "{}\n"),
            Check = (set, address) => new AddressCheck(_getsCalls, $"{set} {address}", TimeSpan.FromSeconds(2)),
        };
        var answers = new HttpAnswers(subject, new HttpAccess(new MetricsExposure(_address, [], null, null)), new HttpPace(TimeProvider.System));
        _running = new MetricsServer(_address, answers, TimeProvider.System, NullLogger<MetricsServer>.Instance).RunAsync(_life.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _life.Dispose();
    }

    [Test]
    public async Task Each_path_has_its_answer()
    {
        Assert.That(await GetAsync("/metrics"), Is.EqualTo((200, "kamrpc_build_info 1\n")));
        Assert.That(await GetAsync("/healthz"), Is.EqualTo((200, "ok\n")));
        Assert.That(await GetAsync("/readyz?set=1,2"), Is.EqualTo((200, "sets 1+2\n")));
        Assert.That(await GetAsync("/readyz?set=x"), Is.EqualTo((400, "set: 'x' is not a number from 0 to 2147483647\n")));
        Assert.That(await GetAsync("/check/1/sip%3A10.0.0.1%3A5060"), Is.EqualTo((200, "1 sip:10.0.0.1:5060; seen 2s ago\n")));
        Assert.That((await GetAsync("/check/x/10.0.0.1")).Status, Is.EqualTo(404));
        Assert.That(await GetAsync("/"), Is.EqualTo((404, "here are /metrics, /healthz, /readyz and /check/SET/ADDRESS\n")));

        _getsCalls = false;
        Assert.That((await GetAsync("/check/1/10.0.0.1")).Status, Is.EqualTo(404));
        _getsCalls = null;
        Assert.That((await GetAsync("/check/1/10.0.0.1")).Status, Is.EqualTo(503));
        _isReady = false;
        Assert.That((await GetAsync("/readyz")).Status, Is.EqualTo(503));
    }

    /// <summary>What no client of ours sends.</summary>
    [TestCase("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421")]
    [TestCase("GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 413")]
    [TestCase("GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 413")]
    [TestCase("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405")]
    [TestCase("\u0001\u0002\u0003\r\n\r\n", "HTTP/1.1 400")]
    [TestCase("GET /LONG HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 414")]
    [TestCase("GET / HTTP/1.1\r\nHost: localhost\r\nX: LONG\r\nY: LONG\r\nZ: LONG\r\n\r\n", "HTTP/1.1 431")]
    public async Task What_is_wrong_is_refused(string request, string begin)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(request.Replace("LONG", new string('x', 4000), StringComparison.Ordinal)));
        var buffer = new byte[256];
        var length = await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.That(Encoding.ASCII.GetString(buffer, 0, length), Does.StartWith(begin));
        Assert.That(await GetAsync("/healthz"), Is.EqualTo((200, "ok\n")));
    }

    [Test]
    public async Task More_than_so_many_answers_a_second_wait()
    {
        var clock = new FakeTimeProvider();
        var pace = new HttpPace(clock);
        for (var i = 0; i < HttpPace.MostEachSecond; i++)
        {
            Assert.That(await pace.TurnAsync(CancellationToken.None), Is.True);
        }

        var waiting = pace.TurnAsync(CancellationToken.None).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await waiting.WaitAsync(TimeSpan.FromSeconds(20)), Is.True);
    }

    [TestCase(20ul, 1)]
    [TestCase(256ul, 28)]
    [TestCase(1024ul, 300)]
    [TestCase(ulong.MaxValue, 300)]
    public void Descriptors_are_left_to_all_else(ulong descriptors, long connections) => Assert.That(MetricsServer.Connections(descriptors), Is.EqualTo(connections));

    [Test]
    public void A_label_may_hold_anything()
    {
        using var meter = new Meter("x");
        meter.CreateObservableGauge("odd", static () => new Measurement<double>(1.5, new KeyValuePair<string, object?>("name", "a\"b\\c\nd")), null, "Two\nlines.");
        using var text = new MetricsText(meter, TimeProvider.System);

        Assert.That(Encoding.UTF8.GetString(text.Read()), Is.EqualTo("# HELP odd Two\\nlines.\n# TYPE odd gauge\nodd{name=\"a\\\"b\\\\c\\nd\"} 1.5\n"));
    }

    private async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var probe = await ConnectAsync();
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>As soon as it listens.</summary>
    private async Task<Socket> ConnectAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(_address, deadline.Token);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(20, deadline.Token);
            }
        }
    }
}
