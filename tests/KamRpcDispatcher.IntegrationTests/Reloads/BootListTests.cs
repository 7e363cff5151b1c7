using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Sources;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>The list that a real Kamailio loads at its start, kept by <c>--boot-list</c>.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class BootListTests
{
    private const string Operators = "7 sip:127.0.0.1:7900 0 5 duid=mine";
    private const string AtOnce = "changes at once, by a reload of";

    private static readonly KamailioOptions Kamailio = KamailioOptions.WithLatePings with
    {
        ListFileLines = ["# my own", Operators],
        ExtraConfig = "#!define KAMRPC_LOAD_MODE 0",
        SharedMemoryMegabytes = 256,
    };

    [Test]
    public async Task A_Kamailio_that_restarts_while_kamrpc_is_away_has_everybody_as_he_was()
    {
        await using var all = await StartAsync(Text(1, 2, 3));
        await all.WaitForCallsAsync(1, 2, 3);
        all.Replace(Silent(2, Text(1, 2, 3)));
        await all.WaitForCallsAsync(1, 3);
        var before = await all.Kamailio.ListAsync();
        await WaitForFileAsync(all, text => text.Split('\n').Count(static line => line.EndsWith(";kamrpc=default", StringComparison.Ordinal)) == before.Count - 1 && text.Contains("sip:127.0.0.1:7002 4 ", StringComparison.Ordinal));

        all.Dispatcher.Kill();
        await all.Dispatcher.Gone.WaitAsync(Fleet.Deadline);
        await all.Kamailio.StopAsync();
        await all.Kamailio.StartAgainAsync();

        Assert.That(Described(await all.Kamailio.ListAsync()), Is.EqualTo(Described(before)));
        Assert.That(await File.ReadAllTextAsync(all.Kamailio.ListFile), Does.StartWith($"# my own\n{Operators}\n"));

        // Who comes back finds it so, and changes nothing but for its sentinel.
        all.StartDispatcher("--boot-list", all.Kamailio.ListFile);
        await all.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        Assert.That(Described(await all.Kamailio.ListAsync()), Is.EqualTo(Described(before)));
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(": added ").And.Not.Contain(": disabled "));
    }

    [Test]
    public async Task An_operators_reload_takes_nobody_away_and_activates_nobody()
    {
        await using var all = await StartAsync(Text(1, 2));
        await all.WaitForCallsAsync(1, 2);
        all.Replace(Silent(2, Text(1, 2)));
        await all.WaitForCallsAsync(1);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7002 4 ", StringComparison.Ordinal));
        all.Dispatcher.Signal(UnixSignals.Stop);

        var before = await all.Kamailio.ListAsync();
        await all.Kamailio.CallAsync("dispatcher.reload");
        Assert.That(Described(await all.Kamailio.ListAsync()), Is.EqualTo(Described(before)), "while the dispatcher stands still");

        all.Dispatcher.Signal(UnixSignals.Continue);
        all.Replace(Text(1, 2, 3));
        await all.WaitForCallsAsync(1, 2, 3);
    }

    [Test]
    public async Task Many_that_come_and_many_that_go_are_one_change_each_and_the_operators_own_stays()
    {
        int[] many = [.. Enumerable.Range(1, 300)];
        await using var all = await StartAsync(Text(many));
        await all.WaitForCallsAsync(many);
        await all.Dispatcher.WaitForLineAsync(AtOnce, Fleet.Deadline);
        Assert.That(Described(await all.Kamailio.ListAsync()), Has.One.StartsWith("7 sip:127.0.0.1:7900 "));
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(": added "), "nobody by himself");

        all.Replace(Text([.. many.Take(40)]));
        await all.WaitForCallsAsync([.. many.Take(40)]);
        await WaitForFileAsync(all, static text => text.Split('\n').Length == 40 + 4);
        await WaitForAsync(async () => (await all.Kamailio.ListAsync()).Count == 41);
        await all.Dispatcher.WaitForLinesAsync(AtOnce, 2, Fleet.Deadline);
        Assert.That(all.Dispatcher.CountLines(AtOnce), Is.EqualTo(2));

        // A few go one by one, as ever.
        all.Replace(Text([.. many.Take(45)]));
        await all.WaitForCallsAsync([.. many.Take(45)]);
        await all.Dispatcher.WaitForLineAsync(": added sip:127.0.0.1:7045", Fleet.Deadline);
    }

    [Test]
    public async Task Who_waits_for_one_that_Kamailio_refuses_keeps_his_calls_whatever_else_comes()
    {
        await using var all = await StartAsync(Members("""{"set":5,"name":"l1","uri":"sip:127.0.0.1:7101"}"""));
        await WaitForAsync(async () => Described(await all.Kamailio.ListAsync()).Any(static entry => entry.StartsWith("5 sip:127.0.0.1:7101 A", StringComparison.Ordinal)));

        // It comes with another address, which Kamailio cannot use, and with attributes, and with many others.
        int[] many = [.. Enumerable.Range(1, 250)];
        foreach (var refused in (string[])["""{"set":5,"name":"l1","uri":"sip:[::1]:7105"}""", """{"set":5,"name":"l1","uri":"sip:127.0.0.1:7101","attrs":{"socket":"udp:127.0.0.1:9999"}}"""])
        {
            all.Replace(Members(refused, many));
            await all.WaitForCallsAsync(many);
            await all.Dispatcher.WaitForLineAsync(AtOnce, Fleet.Deadline);
            Assert.That(Described(await all.Kamailio.ListAsync()), Has.One.StartsWith("5 sip:127.0.0.1:7101 A"), refused);

            many = [.. many[..10]];
            all.Replace(Members("""{"set":5,"name":"l1","uri":"sip:127.0.0.1:7101"}""", many));
            await all.WaitForCallsAsync(many);
            many = [.. Enumerable.Range(1, 250)];
        }

        static string Members(string first, params int[] others) => Text(others).Replace("\"members\":[", $"\"members\":[{first}{(others.Length > 0 ? "," : string.Empty)}\n", StringComparison.Ordinal);
    }

    [Test]
    public async Task What_an_operator_has_set_by_hand_is_worth_more_than_a_fast_fill()
    {
        int[] many = [.. Enumerable.Range(1, 250)];
        await using var all = await StartAsync(Text(1, 2));
        await all.WaitForCallsAsync(1, 2);
        await all.Kamailio.CallAsync("dispatcher.set_state", "d", 7, "sip:127.0.0.1:7900");

        all.Replace(Text(many));
        await all.WaitForCallsAsync(many);
        await all.Dispatcher.WaitForLineAsync("a reload would change or lose sip:127.0.0.1:7900 of set 7, which is yours", Fleet.Deadline);
        Assert.That(Described(await all.Kamailio.ListAsync()), Has.One.StartsWith("7 sip:127.0.0.1:7900 D"));
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(AtOnce));
    }

    [Test]
    public async Task What_somebody_changes_while_a_reload_waits_for_its_turn_is_not_undone()
    {
        await using var all = await WithoutEtcd.StartAsync(
            Kamailio, static one => one.Replace(Text([.. Enumerable.Range(1, 250)])), static one => ["--boot-list", one.Kamailio.ListFile, "--grace", "fixed", "--gap", "3s"]);

        // The list was read then, and what may have been changed before the start is waited for.
        await all.Dispatcher.WaitForLineAsync(" answers, up since ", Fleet.Deadline);
        await all.Kamailio.CallAsync("dispatcher.set_state", "d", 7, "sip:127.0.0.1:7900");
        await all.Kamailio.CallAsync("dispatcher.add", 8, "sip:127.0.0.1:7902", 0, 3, "duid=late");

        await all.Dispatcher.WaitForLineAsync("a reload would change or lose", Fleet.Deadline);
        Assert.That(Described(await all.Kamailio.ListAsync()), Has.One.StartsWith("7 sip:127.0.0.1:7900 D").And.One.StartsWith("8 sip:127.0.0.1:7902 "));
    }

    [Test]
    public async Task A_disk_that_is_full_for_a_moment_keeps_nothing_from_being_loaded_later()
    {
        int[] many = [.. Enumerable.Range(1, 250)];
        await using var all = await StartAsync(Text(1));
        await all.WaitForCallsAsync(1);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7001 8 ", StringComparison.Ordinal));
        File.Move(all.Kamailio.ListFile, all.Kamailio.ListFile + ".away");
        Directory.CreateDirectory(all.Kamailio.ListFile);
        all.Replace(Text(many));
        await all.WaitForCallsAsync(many);
        await all.Dispatcher.WaitForLineAsync("changes are not made at once", Fleet.Deadline);
        await all.Dispatcher.WaitForLineAsync("cannot be kept equal to what Kamailio has", Fleet.Deadline);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(AtOnce).And.Not.Contain("[2074]"));

        Directory.Delete(all.Kamailio.ListFile);
        File.Move(all.Kamailio.ListFile + ".away", all.Kamailio.ListFile);
        await all.Dispatcher.WaitForLineAsync("No longer so (boot-list)", Fleet.Deadline);
        all.Replace(Text([.. many.Take(10)]));
        await all.Dispatcher.WaitForLineAsync(AtOnce, Fleet.Deadline);
        await all.WaitForCallsAsync([.. many.Take(10)]);
    }

    [Test]
    public async Task What_an_operator_writes_into_the_file_stays_and_is_loaded_when_he_says_so()
    {
        await using var all = await StartAsync(Text(1));
        await all.WaitForCallsAsync(1);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7001 8 ", StringComparison.Ordinal));

        await File.AppendAllTextAsync(all.Kamailio.ListFile, "8 sip:127.0.0.1:7901 0 0 duid=late\n");
        all.Replace(Text(1, 2));
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7002 8 ", StringComparison.Ordinal));
        Assert.That(await File.ReadAllTextAsync(all.Kamailio.ListFile), Does.Contain("\n8 sip:127.0.0.1:7901 0 0 duid=late\n"));

        int[] many = [.. Enumerable.Range(1, 250)];
        all.Replace(Text(many));
        await all.WaitForCallsAsync(many);
        await all.Dispatcher.WaitForLineAsync("a reload would load sip:127.0.0.1:7901 of set 8 too", Fleet.Deadline);
        Assert.That((await all.Kamailio.ListAsync()).Select(static entry => entry.Set), Has.None.EqualTo(8));
    }

    [Test]
    public async Task Where_Kamailio_loads_another_file_that_is_told_and_nothing_is_loaded()
    {
        int[] many = [.. Enumerable.Range(1, 250)];
        await using var all = await WithoutEtcd.StartAsync(Kamailio, one => one.Replace(Text(many)), static one => ["--boot-list", one.File("other.list")]);
        await all.WaitForCallsAsync(many);
        var line = await all.Dispatcher.WaitForLineAsync($"at its start, and not {all.File("other.list")}", Fleet.Deadline);
        Assert.That(line, Does.Contain($"Kamailio loads {all.Kamailio.ListFile} "));
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(AtOnce).And.Not.Contain("begins with them"));

        var (exitCode, output, _) = await all.AskAsync("status");
        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain("#!define KAMRPC_LIST_FILE"));
    }

    [Test]
    public async Task Where_one_bad_line_would_keep_Kamailio_from_starting_nothing_is_loaded()
    {
        int[] many = [.. Enumerable.Range(1, 250)];
        await using var all = await StartAsync(Text(many), Kamailio with { ExtraConfig = "#!define KAMRPC_LOAD_MODE 1" });
        await all.WaitForCallsAsync(many);
        await all.Dispatcher.WaitForLineAsync("with ds_load_mode 1 one line that Kamailio cannot use", Fleet.Deadline);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain(AtOnce));
    }

    [Test]
    public async Task A_file_that_cannot_be_written_is_told_and_calls_go_on()
    {
        await using var all = await StartAsync(Text(1));
        await all.WaitForCallsAsync(1);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7001 8 ", StringComparison.Ordinal));

        File.Delete(all.Kamailio.ListFile);
        Directory.CreateDirectory(all.Kamailio.ListFile);
        all.Replace(Text(1, 2));
        await all.WaitForCallsAsync(1, 2);
        await all.Dispatcher.WaitForLineAsync("cannot be kept equal to what Kamailio has", Fleet.Deadline);

        Directory.Delete(all.Kamailio.ListFile);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7002 8 ", StringComparison.Ordinal));
        await all.Dispatcher.WaitForLineAsync("No longer so (boot-list)", Fleet.Deadline);
    }

    [Test]
    public async Task A_Kamailio_that_does_not_start_without_its_list_finds_one_while_kamrpc_runs()
    {
        await using var all = await StartAsync(Text(1, 2));
        await all.WaitForCallsAsync(1, 2);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7002 8 ", StringComparison.Ordinal));
        await all.Kamailio.StopAsync();

        File.Delete(all.Kamailio.ListFile);
        await WaitForFileAsync(all, static text => text.Contains("sip:127.0.0.1:7002 8 ", StringComparison.Ordinal));
        await all.Kamailio.StartAgainAsync();
        Assert.That(Described(await all.Kamailio.ListAsync()), Has.One.StartsWith("1 sip:127.0.0.1:7002 A"));
    }

    [Test]
    public async Task Where_nobody_knows_whether_Kamailio_loads_it_nobody_says_so()
    {
        await using var all = await WithoutEtcd.StartAsync(
            Kamailio,
            static one =>
            {
                one.Replace(Text(1));
                File.SetLastWriteTimeUtc(one.Kamailio.ConfigFile, DateTime.UtcNow + TimeSpan.FromMinutes(1));
            },
            static one => ["--boot-list", one.Kamailio.ListFile]);
        await all.WaitForCallsAsync(1);
        await all.Dispatcher.WaitForLineAsync("whether Kamailio loads it at its start is not known", Fleet.Deadline);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain("begins with them"));
    }

    private static string Text(params int[] members) => WithoutEtcd.Text(members);

    private static string Silent(int member, string text) =>
        text.Replace($"\"uri\":\"{WithoutEtcd.Uri(member)}\"", $"\"uri\":\"{WithoutEtcd.Uri(member)}\",\"state\":\"draining\"", StringComparison.Ordinal);

    private static Task<WithoutEtcd> StartAsync(string members, KamailioOptions? kamailio = null) =>
        WithoutEtcd.StartAsync(kamailio ?? Kamailio, all => all.Replace(members), static all => ["--boot-list", all.Kamailio.ListFile]);

    private static string[] Described(IReadOnlyList<FakeDestination> list) =>
        [.. list.Select(static entry => $"{entry.Set} {entry.Uri} {entry.Flags} {entry.Priority} {entry.Attrs}").Order(StringComparer.Ordinal)];

    private static Task WaitForFileAsync(WithoutEtcd all, Func<string, bool> isThere) =>
        WaitForAsync(async () => File.Exists(all.Kamailio.ListFile) && isThere(await File.ReadAllTextAsync(all.Kamailio.ListFile)));

    private static async Task WaitForAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (!await isSo())
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
