using System.Text.Json;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc confirm</c> as an operator calls it, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ConfirmCommandTests : IAsyncDisposable
{
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        Report("edge-1", """[{"member":"1/a","uri":"sip:10.0.0.1"},{"member":"1/b","uri":"sip:10.0.0.2"}]""");
        Report("edge-2", """[{"member":"1/a","uri":"sip:10.0.0.1"}]""");
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [Test]
    public async Task A_dry_run_says_whom_it_would_confirm_and_who_keeps_them_and_writes_nothing()
    {
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2"}""", lease: 7);
        var before = _etcd.Model.Header.Revision;

        var (exitCode, output, errors) = await RunAsync("--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)));
        Assert.That(InOneLine(output), Is.EqualTo(
            "SET NAME URI KEPT BY RESULT 1 a sip:10.0.0.1 edge-1, edge-2 would be confirmed gone: disabled there 1 b sip:10.0.0.2 edge-1 not confirmed: its key is back, it is alive again Nothing is written: a dry run. 1 member would be confirmed."));

        (exitCode, output, errors) = await RunAsync("--dry-run", "-o", "json");
        var answer = JsonElement.Parse(output);
        Assert.That((exitCode, answer.GetProperty("dryRun").GetBoolean(), answer.GetProperty("notNamed").GetInt32()), Is.EqualTo((5, true, 0)), errors);
        Assert.That(answer.GetProperty("members").EnumerateArray().Select(static member => $"{member.GetProperty("name").GetString()} {member.GetProperty("result").GetString()} {member.GetProperty("keptBy").GetArrayLength()}"), Is.EqualTo(new[] { "a wouldConfirm 2", "b back 1" }));
        Assert.That((_etcd.Model.Header.Revision, _etcd.Model.Leases, _etcd.Model.Value("/kamrpc/default/members/1/a")), Is.EqualTo((before, Array.Empty<long>(), (string?)null)));
    }

    [Test]
    public async Task Where_nobody_is_kept_there_is_nothing_to_do()
    {
        Assert.That((await RunAsync("--dry-run", "--set", "2")).ExitCode, Is.Zero);

        var (exitCode, output, errors) = await RunAsync();
        Assert.That((exitCode, output.Contains("confirmed gone", StringComparison.Ordinal), _etcd.Model.Value("/kamrpc/default/members/1/a")?.Contains("confirmed gone", StringComparison.Ordinal)), Is.EqualTo((0, true, true)), output + errors);
        (exitCode, output, errors) = await RunAsync("--dry-run");
        Assert.That((exitCode, InOneLine(output)), Is.EqualTo((0, "SET NAME URI KEPT BY RESULT 1 a sip:10.0.0.1 edge-1, edge-2 confirmed before 1 b sip:10.0.0.2 edge-1 confirmed before Nothing is written: a dry run. 0 members would be confirmed.")), errors);
    }

    [Test]
    public async Task Who_comes_from_elsewhere_is_not_confirmed_by_a_record_that_nobody_follows()
    {
        Report("edge-1", """[{"member":"1/a","uri":"sip:10.0.0.1"},{"member":"2/f1","uri":"sip:10.0.0.7"}],"sources":[{"source":"etcd","sets":[1]},{"source":"file:/x/members.json","sets":[2]}]""");

        var (exitCode, output, errors) = await RunAsync();

        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: set 2 of edge-1 comes from file:/x/members.json: 1 expired that it keeps of that set go with \"state\": \"down\" there, and not by this\n")), output);
        Assert.That((_etcd.Model.Value("/kamrpc/default/members/1/a") is null, _etcd.Model.Value("/kamrpc/default/members/2/f1")), Is.EqualTo((false, (string?)null)));
    }

    private static string InOneLine(string text) => string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(["confirm", .. arguments, "--etcd", _etcd.Endpoint]);

    private void Report(string name, string held) => _etcd.Model.Put(
        "/kamrpc/default/proxies/" + name,
        $$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{DateTimeOffset.UtcNow.UtcDateTime:O}}","kamailio":"5.6","drift":2,"applies":["members"],"sets":{},"held":{{held}}}""",
        lease: 7);
}
