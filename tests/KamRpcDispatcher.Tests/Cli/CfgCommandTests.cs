using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc cfg</c> as an operator calls it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CfgCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Config => _folder.File("kamailio.cfg");

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task The_snippet_and_the_diff_are_printed_as_they_are()
    {
        Assert.That(await RunAsync("cfg"), Is.EqualTo((0, SnippetFiles.Snippet, string.Empty)));
        Assert.That(await RunAsync("cfg", "--stock"), Is.EqualTo((0, SnippetFiles.StockDiff, string.Empty)));
    }

    [TestCase("--stock, --write and --check are three things to do", "--stock", "--check", "/etc/passwd")]
    [TestCase("--force: goes with --write, which is not given", "--force")]
    [TestCase("--user: goes with --write or --check, of which none is given", "--user", "root")]
    [TestCase("--define: goes with --check, which is not given", "-A", "X=1")]
    [TestCase("--output: goes with --write or --check", "-o", "json")]
    [TestCase("--write: there is no folder '/none'; Kamailio's is /etc/kamailio as a rule", "--write", "/none")]
    [TestCase("--write: there is no folder ''", "--write", "")]
    [TestCase("--user: there is no user 'no-such-user' on this machine", "--write", "/", "--user", "no-such-user")]
    [TestCase("--check: there is no file '/none.cfg'", "--check", "/none.cfg")]
    [TestCase("--check: '/dev/null' is no regular file", "--check", "/dev/null")]
    [TestCase("--output: 'xml' is not table, json or yaml", "--check", "/etc/passwd", "-o", "xml")]
    public async Task What_is_wrong_with_the_options_is_named(string error, params string[] options)
    {
        var (exitCode, output, errors) = await RunAsync(["cfg", .. options]);

        var isJson = options.Contains("json");
        Assert.That((exitCode, output.Length == 0, output.StartsWith("{\n  \"error\": {", StringComparison.Ordinal)), Is.EqualTo((2, !isJson, isJson)), output);
        Assert.That(errors, Does.Contain("kamrpc: " + error));
    }

    [Test]
    public async Task What_was_installed_is_fine_and_what_is_wrong_then_has_its_line()
    {
        var (exitCode, output, errors) = await RunAsync("cfg", "--write", _folder.Path, "--user", "root");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Contain($"wrote {_folder.File(SnippetFiles.SnippetName)}\nwrote {_folder.File(SnippetFiles.ListName)}\n"));

        // The line that it said is to stand above the include.
        var define = output.Split('\n').Single(static line => line.StartsWith("above the include: ", StringComparison.Ordinal))["above the include: ".Length..];
        File.WriteAllText(Config, $"loadmodule \"rr.so\"\n{define}\ninclude_file \"{SnippetFiles.SnippetName}\"\nrequest_route {{\n  record_route();\n  route(KAMRPC_DISPATCH);\n}}\n");
        Assert.That(await RunAsync("cfg", "--check", Config, "--user", "root"), Is.EqualTo((0, $"Fine: the snippet is at {Config}:3, and called at {Config}:6.\n", string.Empty)));

        (exitCode, output, _) = await RunAsync("cfg", "--check", Config, "--user", "3999999999");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain($"list_file: user 3999999999, as whom Kamailio starts, may not read {_folder.File(SnippetFiles.ListName)}, by the mode of {_folder.Path}; kamailio -c passes, and Kamailio does not start [list-file]"));

        File.AppendAllText(Config, "modparam(\"dispatcher\", \"reload_delta\", 5)\n");
        (exitCode, output, errors) = await RunAsync("cfg", "--check", Config, "--user", "root");
        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)));
        Assert.That(output, Is.EqualTo($"{Config}:8: error: reload_delta of dispatcher is set to 5 after the snippet has set it to 0: the later one counts [parameters]\n    fix: take the line out, or move it above the include\nNOT FINE: 1 finding in {Config}\n"));
    }

    [Test]
    public async Task Programs_get_every_field()
    {
        File.WriteAllText(Config, "#!ifdef NEVER\ninclude_file \"kamrpc-dispatcher.cfg\"\n#!endif\n");

        var (exitCode, output, _) = await RunAsync("cfg", "--check", Config, "--user", "root", "-o", "json");

        var json = JsonElement.Parse(output);
        var finding = json.GetProperty("findings")[0];
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That((json.GetProperty("config").GetString(), json.GetProperty("fine").GetBoolean(), json.GetProperty("snippet").ValueKind, json.GetProperty("calls").GetArrayLength()), Is.EqualTo((Config, false, JsonValueKind.Null, 0)));
        Assert.That(
            (finding.GetProperty("check").GetString(), finding.GetProperty("severity").GetString(), finding.GetProperty("place").GetString()), Is.EqualTo(("place", "error", $"{Config}:2")));
        Assert.That((finding.GetProperty("text").GetString(), finding.GetProperty("fix").GetString()), Is.Not.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task A_snippet_that_differs_is_refused_and_who_cannot_read_it_is_told()
    {
        File.WriteAllText(_folder.File(SnippetFiles.SnippetName), "mine");

        var (exitCode, output, errors) = await RunAsync("cfg", "--write", _folder.Path, "--user", "3999999999", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(4));
        Assert.That(JsonElement.Parse(output).GetProperty("files").EnumerateArray().Select(static file => file.GetProperty("result").GetString()), Is.EqualTo(new[] { "refused", "written" }));
        Assert.That(errors, Does.Contain($"kamrpc: {_folder.File(SnippetFiles.SnippetName)} is not the snippet of this kamrpc").And.Contain("--force replaces it")
            .And.Contain($"kamrpc: warning: Kamailio's user 3999999999 may not read {_folder.File(SnippetFiles.ListName)}, by the mode of {_folder.Path}"));
        Assert.That((await RunAsync("cfg", "--write", _folder.Path, "--user", "root", "--force")).ExitCode, Is.Zero);
    }

    [Test]
    public async Task A_config_has_no_way_to_a_terminal()
    {
        File.WriteAllText(Config, "#!define KAMRPC_\u001b[2J 1\n");
        Assert.That((await RunAsync("cfg", "--check", Config, "--user", "root")).Output, Does.Not.Contain("\u001b"));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ExitCode).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await errors);
    }
}
