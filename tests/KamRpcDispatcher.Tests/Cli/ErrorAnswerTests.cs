using System.Text.Json;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>A program that asks for JSON, or YAML, reads why a command has failed, whichever it is.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ErrorAnswerTests : IAsyncDisposable
{
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","labels":{"version":"v1"}}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2","labels":{"version":"v2"}}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [TestCase("weight c 50", 2, "there is no member 'c'")]
    [TestCase("weight a b", 2, "'b' is no weight")]
    [TestCase("drain a b", 4, "refused: set 1 would be left with no ready member")]
    [TestCase("rollout abort 1", 2, "set 1 has no rollout")]
    [TestCase("split 1 version=v1:100 version=v3:0 --no-such", 2, "--no-such is not an option of split")]
    [TestCase("split 9", 2, "set 9 has no member")]
    [TestCase("apply -f /nowhere.json", 2, "--file: there is no file '/nowhere.json'")]
    [TestCase("history x", 2, "SET: 'x' is not")]
    [TestCase("drian a", 2, "there is no command 'drian'; did you mean drain?")]
    public async Task What_people_read_stands_there_with_the_exit_code(string line, int code, string message)
    {
        var (exitCode, output, errors) = await RunAsync([.. line.Split(' '), "-o", "json"]);

        Assert.That(exitCode, Is.EqualTo(code), errors);
        var error = JsonElement.Parse(output).GetProperty("error");
        Assert.That((error.GetProperty("exit").GetInt32(), error.GetProperty("messages")[0].GetString()), Is.EqualTo((code, errors.Split('\n')[0]["kamrpc: ".Length..])));
        Assert.That(error.GetProperty("messages")[0].GetString(), Does.StartWith(message));
    }

    [TestCase("drian a --output=json", true)]
    [TestCase("drian -o", false)]
    [TestCase("drian -o jsom", false)]
    [TestCase("drian", false)]
    public async Task A_line_that_is_no_command_says_it_in_JSON_where_that_is_asked_for(string line, bool isJson)
    {
        var (exitCode, output, _) = await Kamrpc.RunAsync(line.Split(' '));

        Assert.That((exitCode, output.StartsWith("{\n  \"error\": {", StringComparison.Ordinal), output.Length == 0), Is.EqualTo((2, isJson, !isJson)));
    }

    [Test]
    public async Task An_etcd_that_does_not_answer_is_one_too_and_YAML_is_written_likewise()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync("drain", "a", "--etcd", "http://127.0.0.1:1", "-o", "yaml");

        Assert.That(exitCode, Is.EqualTo(3), errors);
        Assert.That(output, Does.StartWith("error:\n  exit: 3\n  messages:\n").And.Contain("nothing was written"));
    }

    [Test]
    public async Task An_answer_is_not_followed_by_another_one_and_people_get_none()
    {
        var (exitCode, output, _) = await RunAsync("drain", "a", "-o", "json");
        Assert.That((exitCode, JsonElement.Parse(output).TryGetProperty("error", out _)), Is.EqualTo((1, false)), "nobody has applied it, which the answer says");

        (exitCode, output, _) = await RunAsync("weight", "c", "50");
        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
    }

    [Test]
    public async Task A_standard_output_that_is_closed_is_called_so()
    {
        var (exitCode, _, errors) = await Kamrpc.RunProgramAsync("/bin/sh", ["-c", "exec dotnet \"$0\" history --etcd \"$1\" >&-", typeof(ExitCode).Assembly.Location, _etcd.Endpoint]);

        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: the answer cannot be written (it is closed, or not open for writing); look at where standard output goes\n")));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, "--etcd", _etcd.Endpoint]);
}
