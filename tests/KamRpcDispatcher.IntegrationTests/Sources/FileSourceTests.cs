using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sources;

/// <summary>Members in a file, at a real Kamailio and without etcd.</summary>
[Parallelizable]
public sealed class FileSourceTests
{
    [Test]
    public async Task Who_comes_into_the_file_gets_calls_who_leaves_it_gets_none_and_a_restart_of_Kamailio_changes_nothing()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)));
        await all.WaitForCallsAsync(1, 2);

        all.Replace(WithoutEtcd.Text(1, 2, 3));
        await all.WaitForCallsAsync(1, 2, 3);

        // Written in place, not replaced; a name may change without a gap.
        await File.WriteAllTextAsync(all.MemberFile, WithoutEtcd.Text(2, 3).Replace("\"m2\"", "\"other\"", StringComparison.Ordinal));
        await all.Dispatcher.WaitForLineAsync($"other ({WithoutEtcd.Uri(2)}) gets calls", Fleet.Deadline);
        await all.WaitForCallsAsync(2, 3);

        await all.Kamailio.StopAsync();
        await all.Kamailio.StartAgainAsync();
        await all.WaitForCallsAsync(2, 3);

        await all.Dispatcher.StopAsync(Fleet.Deadline);
        Assert.That(await all.CalledAsync(), Has.Length.EqualTo(2), "who stops takes calls from nobody");
        Assert.That(all.Dispatcher.Output, Does.Not.Contain("etcd at "), "nobody asks one");
    }

    [Test]
    public async Task What_is_half_written_or_wrong_changes_nothing_and_is_told_with_its_line()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)));
        await all.WaitForCallsAsync(1, 2);

        all.Replace(WithoutEtcd.Text(1, 2, 3)[..^10]);
        await all.Dispatcher.WaitForLineAsync($"The members in {all.MemberFile} cannot be read: {all.MemberFile}:3:", Fleet.Deadline);
        Assert.That(await all.CalledAsync(), Has.Length.EqualTo(2));

        all.Replace(WithoutEtcd.Text(1, 2, 3).Replace("sip:127.0.0.1:7003", "nonsense", StringComparison.Ordinal));
        await all.Dispatcher.WaitForLineAsync($"{all.MemberFile}:3:22: member 1/m3: uri: ", Fleet.Deadline);
        var (exitCode, output, _) = await all.AskAsync("status", "-o", "json");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static one => one.GetProperty("code").GetString()), Is.EqualTo(new[] { "source-away" }));

        all.Replace(WithoutEtcd.Text(3));
        await all.WaitForCallsAsync(3);
        await all.Dispatcher.WaitForLineAsync("can be read again", Fleet.Deadline);
    }

    [Test]
    public async Task A_file_that_is_missing_changes_nothing_at_the_start_and_later()
    {
        await using var all = await WithoutEtcd.StartAsync();
        await all.Dispatcher.WaitForLineAsync($"there is no {all.MemberFile}", Fleet.Deadline);
        all.Replace(WithoutEtcd.Text(1, 2));
        await all.WaitForCallsAsync(1, 2);

        // That it is missing was in the log before: who is asked says when it is noticed.
        File.Delete(all.MemberFile);
        var (exitCode, output, _) = await all.AskAsync("status");
        for (var begun = TimeProvider.System.GetTimestamp(); exitCode == 0 && TimeProvider.System.GetElapsedTime(begun) < Fleet.Deadline;)
        {
            (exitCode, output, _) = await all.AskAsync("status");
        }

        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain($"file:{all.MemberFile} cannot be read").And.Contain("its members stay as they were"));
        Assert.That(await all.CalledAsync(), Has.Length.EqualTo(2));

        // The daemon starts anew meanwhile: what was saved stands in.
        await all.Dispatcher.StopAsync(Fleet.Deadline);
        all.StartDispatcher();
        await all.Dispatcher.WaitForLineAsync("using the membership of revision", Fleet.Deadline);
        Assert.That(await all.CalledAsync(), Has.Length.EqualTo(2));

        all.Replace(WithoutEtcd.Text(2));
        await all.WaitForCallsAsync(2);
    }

    [Test]
    public async Task A_set_that_is_emptied_at_once_is_held_like_a_mass_expiry()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2, 3, 4)));
        await all.WaitForCallsAsync(1, 2, 3, 4);

        all.Replace(WithoutEtcd.Text());
        await all.Dispatcher.WaitForLineAsync("has nobody in set 1, which had 4 ready members:", Fleet.Deadline);
        await all.WaitForCallsAsync(3, 4);

        // Who is held is in the report as soon as the list was compared.
        await all.Dispatcher.WaitForLineAsync("PANIC in set 1", Fleet.Deadline);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var (exitCode, output, _) = await all.AskAsync("explain", "m4");
        while (exitCode != 1)
        {
            deadline.Token.ThrowIfCancellationRequested();
            (exitCode, output, _) = await all.AskAsync("explain", "m4");
        }

        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain("\"state\": \"down\""));

        all.Replace($$"""{"members":[{"set":1,"name":"m3","uri":"{{WithoutEtcd.Uri(3)}}","state":"down"},{"set":1,"name":"m4","uri":"{{WithoutEtcd.Uri(4)}}","state":"down"}]}""");
        await all.WaitForCallsAsync();
    }

    [Test]
    public async Task A_wrong_set_number_at_a_restart_empties_no_set_and_is_told_in_the_log_and_in_status([Values] bool isStateLost)
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2, 3, 4)));
        await all.WaitForCallsAsync(1, 2, 3, 4);
        await all.Dispatcher.StopAsync(Fleet.Deadline);
        if (isStateLost)
        {
            Directory.Delete(all.File("state"), recursive: true);
        }

        all.StartDispatcher("--source", $"file:{all.MemberFile}=2");
        await all.Dispatcher.WaitForLineAsync("No --source brings set 1, in which 4 members", Fleet.Deadline);
        await all.Dispatcher.WaitForLineAsync("PANIC in set 1", Fleet.Deadline);
        await all.WaitForCallsAsync(3, 4);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain("its record cannot be used"));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        string output;
        do
        {
            deadline.Token.ThrowIfCancellationRequested();
            (_, output, _) = await all.AskAsync("status", "-o", "json");
        }
        while (!output.Contains("no --source brings it, and 2 members of before are held", StringComparison.Ordinal));

        await all.Dispatcher.StopAsync(Fleet.Deadline);
        all.StartDispatcher("--source", $"file:{all.MemberFile}=1");
        await all.WaitForCallsAsync(1, 2, 3, 4);
    }

    [Test]
    public async Task Members_that_another_file_brought_are_told_as_that_ones_while_the_new_one_is_missing()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)));
        await all.WaitForCallsAsync(1, 2);
        await all.Dispatcher.StopAsync(Fleet.Deadline);

        all.StartDispatcher("--source", $"file:{all.File("conf/other.json")}");
        await all.Dispatcher.WaitForLineAsync($"with 2 members of file:{all.MemberFile} saved at", Fleet.Deadline);
        var (_, output, _) = await all.AskAsync("status", "-o", "json");
        Assert.That(output, Does.Contain($"those are of file:{all.MemberFile}, as they were saved"));
    }

    [Test]
    public async Task A_ConfigMap_of_Kubernetes_is_followed_through_its_links()
    {
        await using var all = await WithoutEtcd.StartAsync();
        await PublishAsync(all, "..1", WithoutEtcd.Text(1));
        File.CreateSymbolicLink(all.MemberFile, "..data/members.json");
        await all.WaitForCallsAsync(1);

        await PublishAsync(all, "..2", WithoutEtcd.Text(1, 2));
        var took = await all.WaitForCallsAsync(1, 2);
        await PublishAsync(all, "..3", WithoutEtcd.Text(2));
        await all.WaitForCallsAsync(2);
        Assert.That(took, Is.LessThan(TimeSpan.FromSeconds(1)), "inotify says so at once");
    }

    [Test]
    public async Task Status_explain_and_health_are_answered_by_the_dispatcher_and_what_operators_wish_is_refused()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)));
        await all.WaitForCallsAsync(1, 2);
        await all.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);

        var (exitCode, output, errors) = await all.AskAsync("status");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain($"Told by the dispatcher on this machine, which uses no etcd; its members come from file:{all.MemberFile}."));

        (exitCode, output, errors) = await all.AskAsync("status", "-o", "json");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        var status = JsonElement.Parse(output);
        Assert.That(status.GetProperty("members").EnumerateArray().Select(static member => member.GetProperty("name").GetString()), Is.EqualTo(new[] { "m1", "m2" }));
        Assert.That(status.GetProperty("sources")[0].GetProperty("source").GetString(), Is.EqualTo($"file:{all.MemberFile}"));

        (exitCode, output, errors) = await all.AskAsync("explain", "m1");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.Contain("gets calls on p1").And.Not.Contain("static"));

        (exitCode, output, errors) = await all.AskAsync("health", "--proxy", "p1", "--kamailio", all.Kamailio.RpcAddress, "--strict");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);

        (exitCode, output, errors) = await all.AskAsync("doctor", "--kamailio", all.Kamailio.RpcAddress);
        Assert.That(errors, Is.Empty);
        Assert.That(output, Does.Match(@"NOTE +etcd\.\* +not examined: the dispatcher here \(proxy p1\) uses no etcd").And.Not.Contain("127.0.0.1:2379"));
        Assert.That(output, Does.Match(@"OK +kamailio\.sources +members come from file:"));
        Assert.That(exitCode, Is.Not.EqualTo(3), output);
        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain("everybody who is ready gets calls: 2 of 2 members in set 1"));

        (exitCode, _, errors) = await all.AskAsync("plan", "--kamailio", all.Kamailio.RpcAddress);
        Assert.That((exitCode, errors), Is.EqualTo((4, $"kamrpc: the dispatcher here (proxy p1) uses no etcd: its members come from file:{all.MemberFile}. Give --source as it has it, and what it would change now is planned by that; or --etcd, for one that uses etcd\n")));
        (exitCode, output, errors) = await all.AskAsync("plan", "--kamailio", all.Kamailio.RpcAddress, "--source", $"file:{all.MemberFile}");
        Assert.That((exitCode, output), Is.EqualTo((0, "Plan: 0 to add, 0 to change, 0 to remove.\n")), errors);

        (exitCode, _, errors) = await Kamrpc.RunAsAsync(["env", $"KAMRPC_REPLY_DIR={all.File("r")}"], Fleet.Deadline, "drain", "m1", "--set", "1");
        Assert.That(exitCode, Is.EqualTo(4), errors);
        Assert.That(errors, Does.Contain("proxy p1").And.Contain("uses no etcd").And.Contain("(\"state\": \"draining\" in the file)").And.Contain("--etcd"));
        (exitCode, _, errors) = await Kamrpc.RunAsAsync(["env", $"KAMRPC_REPLY_DIR={all.File("r")}"], Fleet.Deadline, "page");
        Assert.That((exitCode, errors), Is.EqualTo((4, "kamrpc: the dispatcher here (proxy p1) uses no etcd, which this page shows: its own page is at the address of its --metrics; or name the etcd of others by --etcd\n")));

        // Why it does not answer is said once, and by who asks for an etcd too.
        all.Dispatcher.Signal(UnixSignals.Stop);
        foreach (var asked in (string[][])[["status"], ["explain", "m1"]])
        {
            (exitCode, _, errors) = await all.AskAsync(asked);
            Assert.That(exitCode, Is.EqualTo(3), errors);
            Assert.That(errors, Does.EndWith("it hangs, or is stopped\n"));
            Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        }

        all.Dispatcher.Signal(UnixSignals.Continue);
    }

    [Test]
    public async Task Who_finds_neither_an_etcd_nor_a_dispatcher_without_one_is_told_where_both_were_looked_for()
    {
        RealServers.Require("unshare");
        using var folder = new TemporaryFolder();
        string[] starter = [.. Environment.UserName == "root" ? ["unshare", "--net"] : (string[])["unshare", "--net", "--map-root-user"], "env", $"KAMRPC_REPLY_DIR={folder.File("other")}"];

        var (exitCode, _, errors) = await Kamrpc.RunAsAsync(starter, Fleet.Deadline, "history");
        Assert.That(exitCode, Is.EqualTo(3), errors);
        Assert.That(errors, Does.Contain($"a dispatcher that uses none did not answer here either, in {folder.File("other")} (KAMRPC_REPLY_DIR names another place)"));

        foreach (var asked in (string[][])[["status"], ["explain", "m1"]])
        {
            (exitCode, _, errors) = await Kamrpc.RunAsAsync(starter, Fleet.Deadline, asked);
            Assert.That(exitCode, Is.EqualTo(3), errors);
            Assert.That(errors, Does.Contain($"did not answer here either, in {folder.File("other")} (--reply-dir names another place)"));

            (exitCode, _, errors) = await Kamrpc.RunAsync([.. asked, "--reply-dir", "k1/reply"]);
            Assert.That(exitCode, Is.EqualTo(2), errors);
            Assert.That(errors, Does.Contain("k1/reply").And.Contain("--reply-dir"));
        }
    }

    [Test]
    public async Task Doctor_does_not_say_that_all_is_well_where_Kamailio_has_found_all_members_dead()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)));
        await all.WaitForCallsAsync(1, 2);
        await all.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        await all.Kamailio.CallAsync("dispatcher.set_state", "ip", 1, "all");
        await all.WaitForCallsAsync();

        var (exitCode, output, errors) = await all.AskAsync("doctor", "--kamailio", all.Kamailio.RpcAddress, "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        var routable = JsonElement.Parse(output).GetProperty("findings").EnumerateArray().Single(static one => one.GetProperty("check").GetString() == "kamailio.routable");
        Assert.That((routable.GetProperty("severity").GetString(), routable.GetProperty("text").GetString()), Is.EqualTo(("error", "set 1: none of 2 members gets calls (2 inactive in Kamailio's list: no answer to its pings, or failed calls)")));
    }

    [Test]
    public async Task Once_is_done_when_Kamailio_has_what_the_file_has()
    {
        await using var all = await WithoutEtcd.StartAsync(static all => all.Replace(WithoutEtcd.Text(1, 2)), "--once");

        Assert.That(await all.Dispatcher.Exited.WaitAsync(Fleet.Deadline), Is.Zero, all.Dispatcher.Output);
        Assert.That(await all.CalledAsync(), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Weights_in_the_file_share_the_calls()
    {
        await using var all = await WithoutEtcd.StartAsync(static all =>
            all.Replace($$"""{"members":[{"set":1,"name":"m1","uri":"{{WithoutEtcd.Uri(1)}}","weight":30},{"set":1,"name":"m2","uri":"{{WithoutEtcd.Uri(2)}}","weight":10}]}"""));
        await all.WaitForCallsAsync(1, 2);
        await all.Dispatcher.WaitForLineAsync("75.0 %", Fleet.Deadline);
    }

    /// <summary>As the kubelet does: a directory of the new content, then a link that is renamed onto the one that is followed.</summary>
    private static async Task PublishAsync(WithoutEtcd all, string version, string text)
    {
        Directory.CreateDirectory(all.File($"conf/{version}"));
        await File.WriteAllTextAsync(all.File($"conf/{version}/members.json"), text);
        File.CreateSymbolicLink(all.File("conf/..data_tmp"), version);
        await Tool.RunAsync("mv", ["-T", all.File("conf/..data_tmp"), all.File("conf/..data")], string.Empty);
    }
}
