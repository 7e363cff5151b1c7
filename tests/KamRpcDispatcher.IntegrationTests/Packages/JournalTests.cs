using System.Text.Json;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Packages;

/// <summary>What systemd's own journal has of a daemon, and what is read where its lines are JSON.</summary>
[Parallelizable]
public class JournalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Test]
    public async Task An_event_is_an_entry_with_fields_and_what_stands_outside_of_the_log_a_line_with_a_priority()
    {
        RealServers.Require("journalctl", "unshare");
        using var folder = new TemporaryFolder();
        await using var run = ServerProcess.Start(
            Path.Combine(RealServers.RepositoryRoot, "tests", "machine", "journal.sh"),
            [folder.File("entries"), .. KamrpcProgram.Command, "announce", "--etcd", "http://127.0.0.1:1", "--name", "a1", "--uri", $"sip:127.0.0.1:{RealServers.FreeUdpPort()}"]);

        Assert.That(await run.Exited.WaitAsync(Patience), Is.Zero, run.Output);

        var lines = File.ReadAllLines(folder.File("entries"));
        var entries = lines.Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        var down = entries.FirstOrDefault(static entry => Text(entry, "_TRANSPORT") == "journal" && Text(entry, "MESSAGE").Contains("http://127.0.0.1:1", StringComparison.Ordinal));
        Assert.That(down.ValueKind, Is.EqualTo(JsonValueKind.Object), string.Join('\n', lines));
        Assert.That(Text(down, "MESSAGE"), Does.Contain($"[{Text(down, "KAMRPC_EVENT")}]"));
        Assert.That((Text(down, "PRIORITY"), Text(down, "SYSLOG_IDENTIFIER"), Text(down, "KAMRPC_ENDPOINTS")), Is.EqualTo(("4", "kamrpc", "http://127.0.0.1:1")));
        Assert.That(entries.Where(static entry => Text(entry, "_TRANSPORT") == "stdout").Select(static entry => Text(entry, "PRIORITY")), Has.All.AnyOf("3", "4"), "a line of the log");
    }

    [Test]
    public async Task Each_line_of_the_log_is_an_object()
    {
        await using var run = ServerProcess.Start(
            KamrpcProgram.File,
            [.. KamrpcProgram.Prefix, "announce", "--log-format", "json", "--etcd", "http://127.0.0.1:1", "--name", "a1", "--uri", $"sip:127.0.0.1:{RealServers.FreeUdpPort()}"]);

        var line = await run.WaitForLineAsync("\"endpoints\":\"http://127.0.0.1:1\"", Patience);

        using var json = JsonDocument.Parse(line);
        Assert.That(json.RootElement.GetProperty("event").GetInt32(), Is.Positive);
        Assert.That(run.Output.Split('\n').Where(static text => text.StartsWith('{')), Is.Not.Empty.And.All.EndsWith("}"));
    }

    private static string Text(JsonElement entry, string field) => entry.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;
}
