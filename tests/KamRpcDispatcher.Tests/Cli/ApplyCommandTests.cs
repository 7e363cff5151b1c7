using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc apply</c> as an operator calls it, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ApplyCommandTests : IAsyncDisposable
{
    private const string Intent = "/kamrpc/default/intents/1/a";

    private readonly TemporaryFolder _folder = new();
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1"}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2"}""", lease: 7);
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [TestCase("""{"sets":{"1":{"drain":["a"]}}}""", "--owner: the file says no \"owner\", and what is declared needs one")]
    [TestCase("{\"owner\":\"git\",\n\"sets\":{\"1\":{\"drains\":[]}}}", "FILE: line 2: set 1: there is no 'drains'; there are drain, weights and split; nothing was written")]
    [TestCase("{\"owner\":\"git\",\"sets\":{\"1\":{\"drain\":\n[\"x\"]}}}", "FILE: line 2: there is no member 'x'; there are a and b")]
    public async Task What_is_wrong_with_a_file_is_told_and_nothing_is_done(string text, string error)
    {
        var file = await WriteAsync(text);
        var (exitCode, output, errors) = await RunAsync("apply", "-f", file);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: " + error.Replace("FILE", file, StringComparison.Ordinal)));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);
    }

    [Test]
    public async Task Without_a_file_it_is_said_how()
    {
        var (exitCode, _, errors) = await RunAsync("apply");
        Assert.That((exitCode, errors.Split('\n')[0]), Is.EqualTo((2, "kamrpc: apply needs --file, such as: kamrpc apply -f site.json --dry-run --etcd http://10.0.0.5:2379")));

        (exitCode, _, errors) = await RunAsync("apply", "-f", "/nowhere.json");
        Assert.That((exitCode, errors.Split('\n')[0]), Is.EqualTo((2, "kamrpc: --file: there is no file '/nowhere.json'")));
    }

    [Test]
    public async Task The_plan_is_shown_first_and_a_second_run_has_nothing_to_do()
    {
        var file = await WriteAsync("""{"owner":"git","sets":{"1":{"drain":["a"]}}}""");

        var (exitCode, output, errors) = await RunAsync("apply", "-f", file, "--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)));
        Assert.That(output, Does.Match(@"^ *\+ +1 +a +as announced -> drained\nPlan: 1 to add, 0 to change, 0 to remove\.\n(.+\n)+ +1 +a +50\.0 % +0\.0 %\n(.+\n)+Nothing is written: a dry run\.\n$"));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);

        (exitCode, output, errors) = await RunAsync("apply", "-f", file, "--no-wait");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Match(@"Plan: 1 to add, 0 to change, 0 to remove\.\nWritten at revision \d+; whether the proxies have applied it is not waited for\.\n$"));

        (exitCode, output, errors) = await RunAsync("apply", "-f", file, "--no-wait");
        Assert.That((exitCode, output, errors), Is.EqualTo((0, "Nothing to do: it is as declared; whether the proxies have applied it is not waited for.\n", string.Empty)));

        (exitCode, output, errors) = await RunAsync("apply", "-f", file);
        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: nobody has applied it: no proxy reports; it stays written\n")), output);
    }

    private async Task<string> WriteAsync(string text)
    {
        var file = _folder.File("site.json");
        await File.WriteAllTextAsync(file, text);
        return file;
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, .. arguments.Length > 0 ? new[] { "--etcd", _etcd.Endpoint } : []]);
}
