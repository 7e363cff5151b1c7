using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sources;

/// <summary>Members of etcd and of a file at once, each for sets of its own.</summary>
[Parallelizable]
public sealed class MixedSourcesTests
{
    [Test]
    public async Task Each_source_brings_its_sets_and_nobody_elses_and_one_that_is_away_keeps_the_other_from_nothing()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        using var folder = new TemporaryFolder();
        var path = folder.File("members.json");
        Write("x", "y");
        await using var fleet = await Fleet.StartAsync(null, "--source", "etcd", "--source", $"file:{path}=2");
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7101");
        await fleet.PutUriAsync("2/stranger", "sip:127.0.0.1:7102");
        await fleet.WaitForListAsync(static list => Called(list, 1) == 1 && Called(list, 2) == 2);

        // What operators wish is in etcd, for all sets.
        await fleet.ReportedAsync(1);
        var (exitCode, _, errors) = await Kamrpc.RunAsync("drain", "a", "--set", "1", "--etcd", fleet.Etcd.Endpoint, "--force");
        Assert.That(exitCode, Is.Zero, errors);
        await fleet.WaitForListAsync(static list => Called(list, 1) == 0 && Called(list, 2) == 2);

        await fleet.Etcd.StopAsync();
        Write("y", "z");
        await fleet.WaitForListAsync(static list => Called(list, 2) == 2 && list.Any(static one => one.Uri == Uri("z")) && list.All(static one => one.Uri != Uri("x")));
        await fleet.Dispatcher.WaitForLineAsync("its set comes from", Fleet.Deadline);

        // Another one renames a file as well as an editor does.
        void Write(params string[] names)
        {
            File.WriteAllText(path + ".new", $$"""{"members":[{{string.Join(',', names.Select(static name => $$"""{"set":2,"name":"{{name}}","uri":"{{Uri(name)}}"}"""))}}]}""");
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    [Test]
    public async Task What_comes_from_the_file_is_told_judged_and_wished_for_as_what_it_is()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        using var folder = new TemporaryFolder();
        var (path, replies) = (folder.File("members.json"), folder.File("r"));
        await File.WriteAllTextAsync(path, """{"members":[{"set":2,"name":"x","uri":"sip:127.0.0.1:7200"},{"set":2,"name":"y","uri":"sip:127.0.0.1:7201"}]}""");
        await using var fleet = await Fleet.StartAsync(null, "--source", "etcd=1", "--source", $"file:{path}=2", "--reply-dir", replies);
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7101");
        await fleet.PutUriAsync("2/stranger", "sip:127.0.0.1:7102");
        await fleet.WaitForListAsync(static list => Called(list, 1) == 1 && Called(list, 2) == 2);
        await fleet.ReportedAsync(1);
        string[] etcd = ["--etcd", fleet.Etcd.Endpoint];
        var source = $"set 2 of p1 comes from file:{path}";

        var (exitCode, output, errors) = await Kamrpc.RunAsync(["status", "-o", "json", .. etcd]);
        Assert.That(JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static one => one.GetProperty("text").GetString()), Has.Some.EqualTo($"set 2 has 1 member in etcd, and no proxy takes it from there: {source}"), errors);
        (exitCode, output, _) = await Kamrpc.RunAsync(["explain", "stranger", .. etcd]);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Words(output), Does.Contain($"gets no calls by its record in etcd, which no proxy follows: {source}"));
        (_, output, _) = await Kamrpc.RunAsync("explain", "x", "--reply-dir", replies);
        Assert.That(output, Does.Contain("x gets calls on p1"), "as the dispatcher tells");

        // Who is it, its orphans, and whether calls come.
        string[] kamailio = ["--kamailio", fleet.Kamailio.RpcAddress];
        (_, output, errors) = await Kamrpc.RunAsync(["doctor", "-o", "json", "--reply-dir", replies, .. etcd, .. kamailio]);
        var findings = JsonElement.Parse(output).GetProperty("findings").EnumerateArray().ToLookup(static one => one.GetProperty("check").GetString(), static one => (Severity: one.GetProperty("severity").GetString(), Text: one.GetProperty("text").GetString()));
        Assert.That(findings["kamailio.orphans"].Single().Severity, Is.EqualTo("ok"), output);
        Assert.That(findings["kamailio.routable"].Single(), Is.EqualTo(("ok", "everybody who is ready gets calls: 1 of 1 member in set 1, 2 of 2 members in set 2")), output);
        (_, output, _) = await Kamrpc.RunAsync(["doctor", "-o", "json", "--reply-dir", folder.File("other"), .. etcd, .. kamailio]);
        Assert.That(output, Does.Contain("2 more, whose members are not seen from here, are not judged").And.Not.Contain("dispatcher.remove"));

        string[] plan = ["plan", "--proxy", "p1", "--reply-dir", folder.File("plan"), .. etcd, .. kamailio];
        (exitCode, output, errors) = await Kamrpc.RunAsync(plan);
        Assert.That((exitCode, Words(output)), Is.EqualTo((0, $"Plan: 0 to add, 0 to change, 0 to remove. not planned: {source}: give the --source of the dispatcher at work, and it is planned too")), errors);
        (exitCode, output, errors) = await Kamrpc.RunAsync([.. plan, "--source", "etcd=1", "--source", $"file:{path}=2"]);
        Assert.That((exitCode, output), Is.EqualTo((0, "Plan: 0 to add, 0 to change, 0 to remove.\n")), errors);

        (exitCode, _, errors) = await Kamrpc.RunAsync(["drain", "x", .. etcd]);
        Assert.That(exitCode, Is.EqualTo(2), errors);
        Assert.That(errors, Does.Contain("give --set 2 with the name"));
        (exitCode, _, errors) = await Kamrpc.RunAsync(["drain", "x", "--set", "2", .. etcd]);
        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Contain("whether there is a member 2/x is not seen here"));
        await fleet.WaitForListAsync(static list => Called(list, 1) == 1 && Called(list, 2) == 1);

        // Beside it, too, who is drained is that, and no fault.
        (_, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--reply-dir", replies);
        var drained = JsonElement.Parse(output).GetProperty("members").EnumerateArray().Single(static one => one.GetProperty("name").GetString() == "x");
        Assert.That((drained.GetProperty("state").GetString(), drained.GetProperty("drainedByOperator").ValueKind, drained.GetProperty("lease").ValueKind), Is.EqualTo(("ready", JsonValueKind.Object, JsonValueKind.Null)), output);
        Assert.That(JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static one => one.GetProperty("code").GetString()), Is.EqualTo(new[] { "rejected" }), "2/stranger, in etcd: " + errors);

        // From another machine a file that cannot be read is seen by the report; beside it by who is asked.
        await File.WriteAllTextAsync(path, "{");
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(20))
        {
            (_, output, errors) = await Kamrpc.RunAsync(["status", "-o", "json", .. etcd]);
            if (JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Any(one => one.GetProperty("code").GetString() == "source-away" && one.GetProperty("text").GetString() is { } text && text.StartsWith($"proxy p1: file:{path} cannot be read, for ", StringComparison.Ordinal) && text.Contains("; its members stay as they were: 1:", StringComparison.Ordinal)))
            {
                break;
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), output + errors);
        }

        (exitCode, output, _) = await Kamrpc.RunAsync(["health", "--strict", "--proxy", "p1", "--reply-dir", replies, .. etcd, .. kamailio]);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain($"file:{path} cannot be read, for "));
        (exitCode, output, _) = await Kamrpc.RunAsync(["doctor", "-o", "json", "--reply-dir", replies, .. etcd, .. kamailio]);
        Assert.That(JsonElement.Parse(output).GetProperty("findings").EnumerateArray().Single(static one => one.GetProperty("check").GetString() == "kamailio.sources").GetProperty("severity").GetString(), Is.EqualTo("error"), output);
    }

    [Test]
    public async Task Where_etcd_comes_or_goes_as_a_source_it_is_told_what_becomes_of_what_was_saved()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        await using var etcd = await EtcdServer.StartAsync();
        string[] endpoint = ["--etcd", etcd.Endpoint];
        await using var all = await WithoutEtcd.StartAsync(KamailioOptions.WithLatePings, static all => all.Replace(WithoutEtcd.Text(1, 2, 3)), all => Both(all));
        await all.WaitForCallsAsync(1, 2, 3);
        for (var begun = Stopwatch.GetTimestamp(); (await etcd.GetAsync("/kamrpc/default/proxies/p1"))?.Contains("\"serving\":3", StringComparison.Ordinal) != true; await Task.Delay(20))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), "how many are left is judged by the report");
        }

        var (exitCode, _, errors) = await Kamrpc.RunAsync(["drain", "m1", "--set", "1", .. endpoint]);
        Assert.That(exitCode, Is.EqualTo(1), errors);
        await all.WaitForCallsAsync(2, 3);

        await StartAsync("--source", $"file:{all.MemberFile}");
        await all.Dispatcher.WaitForLineAsync("what operators wished there ends: m1 of set 1 (drained).", Fleet.Deadline);
        await all.WaitForCallsAsync(1, 2, 3);

        await StartAsync(Both(all));
        await all.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain("is of another etcd"));

        await StartAsync(["--source", "etcd", .. endpoint]);
        await all.Dispatcher.WaitForLineAsync($"The saved members of set 1 are of file:{all.MemberFile}, and come from etcd by --source now", Fleet.Deadline);
        Assert.That(all.Dispatcher.Output, Does.Not.Contain("is of another etcd"));

        string[] Both(WithoutEtcd all) => ["--source", "etcd", "--source", $"file:{all.MemberFile}=1", .. endpoint];

        async Task StartAsync(params string[] options)
        {
            await all.Dispatcher.StopAsync(Fleet.Deadline);
            all.StartDispatcher(options);
        }
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Uri(string name) => $"sip:127.0.0.1:720{name[0] - 'x'}";

    private static int Called(IReadOnlyList<FakeDestination> list, int set) => list.Count(one => one.Set == set && one.Flags[0] == 'A');
}
