using System.Text.Json;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc health</c> as keepalived calls it, with a dispatcher's socket, a Kamailio and an etcd that are made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class HealthCommandTests : IAsyncDisposable
{
    private const string Nowhere = "http://127.0.0.1:1";

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly LogCapture<StatusSocket> _log = new();
    private readonly FakeKamailio _kamailio = FakeKamailio.Start();
    private ProxyStatus? _report = Clusters.Report(2);
    private Task _answering = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _kamailio.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task The_dispatchers_word_is_enough_and_neither_etcd_nor_Kamailio_is_asked()
    {
        await AnswerAsync();

        var (exitCode, output, errors) = await RunAsync(Nowhere);

        Assert.That((exitCode, output, errors), Is.EqualTo((0, "healthy: Kamailio answers, is in step, and has somebody to route to in set 1; seen 0s ago\n", string.Empty)));
        Assert.That(_kamailio.Requests, Is.Empty);
    }

    [Test]
    public async Task A_drained_proxy_fails_with_one_line_and_the_same_in_JSON()
    {
        _report = _report! with { Intent = new ProxyIntent(57, IsDrained: true) { By = "ops@h1" } };
        await AnswerAsync();

        Assert.That(await RunAsync(Nowhere), Is.EqualTo((1, "NOT healthy: ops@h1 drained this proxy; 'kamrpc proxy resume p1' takes it back, with --force where it is somebody else's\n", string.Empty)));
        var (exitCode, output, _) = await RunAsync(Nowhere, "-o", "json");
        Assert.That((exitCode, JsonElement.Parse(output).GetProperty("reason").GetString()), Is.EqualTo((1, "drained")));
    }

    [Test]
    public async Task Without_a_dispatcher_Kamailio_decides_and_etcd_whether_it_is_drained()
    {
        await using var etcd = await FakeEtcd.StartAsync();
        _kamailio.AddForeign(1, "sip:10.0.0.1", attrs: "duid=a;kamrpc=default");
        var (exitCode, output, _) = await RunAsync(etcd.Endpoint);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.StartWith("healthy: Kamailio answers, and has somebody to route to in set 1; seen now, by Kamailio's list alone, which nobody keeps in step: no dispatcher of proxy p1 runs here"));

        etcd.Model.Put("/kamrpc/default/intents/proxies/p1", """{"drain":true,"by":"ops@h1"}""");
        (exitCode, output, _) = await RunAsync(etcd.Endpoint);
        Assert.That((exitCode, output[..44]), Is.EqualTo((1, "NOT healthy: ops@h1 drained this proxy; 'kam")));

        _kamailio.SetFlags(1, "sip:10.0.0.1", "IP");
        etcd.Model.Delete("/kamrpc/default/intents/proxies/p1");
        (exitCode, output, _) = await RunAsync(etcd.Endpoint);
        Assert.That((exitCode, output[..50]), Is.EqualTo((1, "NOT healthy: nobody to route to in set 1: calls to")));
    }

    [Test]
    public async Task Where_etcd_is_away_too_the_VIP_stays_unless_a_dispatcher_is_asked_for()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.1", attrs: "duid=a;kamrpc=default");

        var (exitCode, output, _) = await RunAsync(Nowhere);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("whether an operator has drained it is not known: etcd at"));

        (exitCode, output, _) = await RunAsync(Nowhere, "--strict");
        Assert.That((exitCode, output[..32]), Is.EqualTo((1, "NOT healthy: no dispatcher of pr")));
    }

    [Test]
    public async Task A_dispatcher_that_does_not_answer_leaves_time_to_ask_Kamailio()
    {
        using var silent = Local.StatusSocketTests.Listening(_folder.File(StatusPlace.NameOf("default", "p1")));
        _kamailio.AddForeign(1, "sip:10.0.0.1", attrs: "duid=a;kamrpc=default");

        var (exitCode, output, _) = await RunAsync(Nowhere, "--timeout", "10s");

        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("the dispatcher does not answer at"));
    }

    [Test]
    public async Task A_dispatcher_that_has_told_nothing_yet_is_no_obstacle()
    {
        _report = null;
        await AnswerAsync();
        _kamailio.AddForeign(1, "sip:10.0.0.1", attrs: "duid=a;kamrpc=default");

        var (exitCode, output, _) = await RunAsync(Nowhere);

        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("the dispatcher has not seen the members and Kamailio's list yet"));
    }

    [Test]
    public async Task A_Kamailio_that_does_not_answer_fails_in_time()
    {
        _kamailio.OnRequest = static _ => FakeReaction.DropRequest;

        var (exitCode, output, errors) = await RunAsync(Nowhere, "--timeout", "1500ms", "--rpc-timeout", "5s");

        Assert.That((exitCode, output, errors), Is.EqualTo((1, "NOT healthy: nothing answers within 1.5s, neither a dispatcher nor Kamailio\n", string.Empty)));
    }

    [Test]
    public async Task One_that_is_not_there_fails_with_the_reason()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync("health", "--proxy", "p1", "--etcd", Nowhere, "--kamailio", _folder.File("absent.sock"), "--reply-dir", _folder.Path);

        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)));
        Assert.That(output, Does.StartWith("NOT healthy: Kamailio does not listen on jsonrpc+unix:"));
    }

    [Test]
    public async Task What_is_wrong_with_its_options_is_told_as_ever() => Assert.That((await RunAsync(Nowhere, "--timeout", "1h")).ExitCode, Is.EqualTo(2));

    [Test]
    public async Task Where_the_dispatcher_uses_no_etcd_none_is_asked_who_has_drained_the_proxy()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.1", attrs: "duid=a;kamrpc=default");
        _report = null;
        await AnswerAsync();
        var whole = new StatusSocket([_folder.Path], StatusPlace.WholeNameOf("default", "p1"), new WholeAnswer("default", "p1", [new MemberSource("file:/m.json", null, null)]).Write, TimeProvider.System, _log, isWhole: true).RunAsync(_stop.Token);
        await _log.WaitForAsync(3075, 2);

        var (exitCode, output, _) = await RunAsync(Nowhere);

        Assert.That((exitCode, output), Is.EqualTo((0, "healthy: Kamailio answers, and has somebody to route to in set 1; seen now, by Kamailio's list alone, which nobody keeps in step: the dispatcher has not seen the members and Kamailio's list yet\n")));
        await _stop.CancelAsync();
        await whole.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AnswerAsync()
    {
        _answering = new StatusSocket(
            [_folder.Path],
            StatusPlace.NameOf("default", "p1"),
            () => new StatusAnswer("default", "p1", _report is null ? null : _report with { Contact = new KamailioContact(true, DateTimeOffset.UtcNow, null) }, TimeSpan.Zero).Write(),
            TimeProvider.System,
            _log).RunAsync(_stop.Token);
        await _log.WaitForAsync(3075);
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string etcd, params string[] options) =>
        Kamrpc.RunAsync(["health", "--proxy", "p1", "--etcd", etcd, "--kamailio", _kamailio.Address, "--reply-dir", _folder.Path, .. options]);
}
