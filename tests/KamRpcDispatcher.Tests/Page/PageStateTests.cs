using System.Collections.Immutable;
using System.Text;
using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Telemetry;
using KamRpcDispatcher.Tests.Cli;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Page;

/// <summary>The page says what is so, in the words of status, with what Kamailio itself says beside.</summary>
public sealed class PageStateTests
{
    private const string A = "sip:10.0.0.1:5060";
    private const string B = "sip:10.0.0.2:5060";

    [Test]
    public void A_member_has_its_state_since_when_and_why_and_Kamailios_flags_and_pings_beside()
    {
        var view = Clusters.Wishing(Clusters.View([Clusters.Ready("a", A), Clusters.Ready("b", B)], ("p1", Clusters.Following(Clusters.Report(1)))), Clusters.Drain("b"));
        var state = PageRig.Build(view, "p1", PageRig.Cycle(PageRig.Entry(A, latency: 3.14159), PageRig.Entry(B + ";kamrpc", ListedState.Disabled)));
        var (a, b) = (state.Members[0], state.Members[1]);

        Assert.That((a.Name, a.Calls, a.Tone, a.State, a.Since, a.Flags, a.Latency), Is.EqualTo(("a", "CALLS", "good", "ready", (DateTimeOffset?)Clusters.Now.AddMinutes(-3), "AP", (double?)3.1)));
        Assert.That((b.Name, b.Calls, b.State, b.Since, b.Why, b.By, b.Flags), Is.EqualTo(("b", "NO CALLS", "drained", (DateTimeOffset?)Clusters.Now.AddMinutes(-5), "kernel update", "ops@h1", "DP")));
        Assert.That(state.Sets.Single().Answer, Is.EqualTo("1 of 2 gets calls, 1 drained"));
        Assert.That(state.Sets.Single().Commands, Is.EqualTo(new[] { "kamcmd dispatcher.list", "kamrpc status --set 1" }));
        Assert.That((state.Proxies.Single().State, state.Proxies.Single().Tone), Is.EqualTo(("synced", "good")));
    }

    [Test]
    public void Who_is_not_as_wished_says_why_in_the_words_of_status_with_times_in_place_of_ages()
    {
        var report = Clusters.Report(2, serving: 1) with { Deviations = [Clusters.Off(DeviationKind.Inactive, "b", B, seconds: 7) with { Flags = "IP" }] };
        var state = PageRig.Build(Clusters.View([Clusters.Ready("a", A), Clusters.Ready("b", B)], ("p1", report)));
        var b = state.Members.Single(static member => member.Name == "b");

        Assert.That((b.Calls, b.Tone, b.Flags), Is.EqualTo(("NO CALLS", "bad", "IP")));
        Assert.That(b.Remarks, Is.EqualTo(new[] { new PageRemark("does not answer Kamailio's pings", "IP", Clusters.Now.AddSeconds(-7)) }));
        Assert.That(state.Findings.Select(static finding => finding.Text), Is.EqualTo(Clusters.Texts(Clusters.View([Clusters.Ready("a", A), Clusters.Ready("b", B)], ("p1", report)))).And.Not.Empty);
    }

    [Test]
    public void What_somebody_else_put_into_the_list_is_shown_as_that_and_classes_and_the_mark_are_not()
    {
        var list = PageRig.Cycle(PageRig.Entry(A), PageRig.Entry("sip:10.9.9.9:5060", attributes: string.Empty), PageRig.Entry(A) with { Set = ClassSets.Base + 1 }, PageRig.Entry("sip:127.0.0.1:9", ListedState.Disabled) with { Set = MemberKey.ReservedSet });
        var state = PageRig.Build(Clusters.View([Clusters.Ready("a", A)], ("p1", Clusters.Report(1))), "p1", list);

        Assert.That(state.Members.Select(static member => (member.Name, member.Uri, member.State)), Is.EqualTo(new[] { ("a", A, "ready"), ("(not a member)", "sip:10.9.9.9:5060", "in Kamailio's list only") }));
    }

    [Test]
    public void A_member_that_Kamailio_does_not_list_has_no_flags_and_that_is_said() =>
        Assert.That(PageRig.Build(Clusters.View([Clusters.Ready("a", A)], ("p1", Clusters.Report(1))), "p1", PageRig.Cycle()).Members.Single().Flags, Is.EqualTo("-"));

    [Test]
    public void Shares_are_told_as_wanted_and_as_measured_with_their_time()
    {
        var report = Clusters.Report(1) with
        {
            Shares = new ShareReport("map") { IsCounted = true, Classes = [new SharedClass(1, "v1", 950) { Calls = 90, Since = Clusters.Now.AddMinutes(-5), Until = Clusters.Now }, new SharedClass(1, "v2", 50) { Calls = 10, Since = Clusters.Now.AddMinutes(-5), Until = Clusters.Now }] },
        };
        var set = PageRig.Build(Clusters.View([Clusters.Ready("a", A)], ("p1", report), ("p2", report))).Sets.Single();

        Assert.That(set.Shares.Select(static share => (share.Wanted, share.Measured, share.Calls)), Is.EqualTo(new[] { ((double?)95.0, (double?)90.0, (long?)180), (5.0, 10.0, 20) }), "of two proxies what they come to together");
        Assert.That(set.Commands, Has.Member("kamcmd htable.get kamrpc_shares 1"));
    }

    [Test]
    public void Members_that_come_from_elsewhere_than_etcd_are_those_of_the_dispatcher_and_not_those_in_etcd()
    {
        var file = new ReportedSource("file:/x/members.json", [2]) { AwaySince = Clusters.Now.AddSeconds(-8), Reason = "no such file" };
        var report = Clusters.Report(1) with { Sets = Clusters.Report(1).Sets.Add(2, new SetStatus(1, 1) { Wanted = 1, Serving = 1 }), Sources = [new ReportedSource(ReportedSource.Etcd, [1]), file] };
        var time = new FakeTimeProvider(Clusters.Now);
        var live = new LiveView(time);
        live.Observe(new ObservedCycle(Clusters.Now, [PageRig.Entry(A), PageRig.Entry(B) with { Set = 2 }], [Members.Of("a", uri: A), Members.Of("f1", set: 2, uri: B)], 57));
        var stranger = Clusters.Ready("stranger", B) with { Member = Members.Of("stranger", set: 2, uri: "sip:10.0.0.9") };
        var store = new FakePageStore { View = Clusters.View([Clusters.Ready("a", A), stranger], ("p1", report)) };
        var source = new PageSource("c", store, new PageLocal(static () => "p1", () => new StatusAnswer("c", "p1", report, TimeSpan.Zero), () => live), time);

        // Before etcd was read, and after.
        for (var read = 0; read < 2; read++)
        {
            var state = source.Build();
            Assert.That(state.Members.Select(static member => (member.Set, member.Name, member.Calls)), Is.EqualTo(new[] { (1, "a", "CALLS"), (2, "f1", "CALLS") }), $"etcd was {(read == 0 ? "not " : string.Empty)}read");
            Assert.That(state.Findings.Where(static finding => finding.Code == "source-away").Select(static finding => finding.Text), Has.One.Match("^file:/x/members.json cannot be read, for .*: no such file$"));
            source.Advance(static () => { }, CancellationToken.None);
            source.Advance(static () => { }, CancellationToken.None);
        }
    }

    [Test]
    public void Who_looks_again_while_etcd_is_away_sees_nothing_of_what_it_held_before()
    {
        var store = new FakePageStore();
        var source = new PageSource("c", store, null, new FakeTimeProvider(Clusters.Now));
        source.Advance(static () => { }, CancellationToken.None);
        source.Advance(static () => { }, CancellationToken.None);
        Assert.That((source.Build().Known, source.Build().Members.Count), Is.EqualTo((true, 3)));

        source.Forget();
        store.Failure = new IOException("no route");
        source.Advance(static () => { }, CancellationToken.None);
        source.Advance(static () => { }, CancellationToken.None);
        var state = source.Build();
        Assert.That((state.Known, state.Members.Count, state.Etcd.Answers, state.Etcd.ReadAt), Is.EqualTo((false, 0, (bool?)false, (DateTimeOffset?)null)));
    }

    [Test]
    public void Calls_of_the_last_quarter_of_an_hour_are_told_step_by_step()
    {
        long?[] calls = [null, 3, 0];
        var plots = new Dictionary<MemberKey, IReadOnlyList<long?>> { [new MemberKey(1, "a")] = calls };

        Assert.That(PageRig.Build(Clusters.View([Clusters.Ready("a", A)], ("p1", Clusters.Report(1))), plots: plots).Members.Single().Plot, Is.EqualTo(calls));
    }

    [Test]
    public void Rollouts_that_have_not_ended_and_the_last_20_changes_are_told_with_who_and_why()
    {
        var rollout = new Rollout(1, "x", RolloutKind.Canary, "version", "v2") { Steps = [10, 500, 1000], Step = 1, Phase = RolloutPhase.Running, Since = Clusters.Now.AddMinutes(-1), Others = ImmutableSortedDictionary<string, int>.Empty.Add("v1", 1000) };
        var history = Enumerable.Range(1, 30).Select(static number => new StoredHistory(number, new HistoryEntry(Clusters.Now.AddMinutes(-number), "ops@h1", "drain") { Sets = [1], Subjects = [$"a{number}"], Reason = "kernel <b>update</b>" })).ToList();
        var state = PageRig.Build(PageRig.Fleet(1), operations: new PageOperations([new RolloutView(1, 9, rollout), new RolloutView(2, 9, rollout with { Set = 2, Phase = RolloutPhase.Done })], history, null));

        Assert.That(state.Rollouts.Select(static one => (one.Set, one.Phase, one.To, one.Step, one.Done, one.RunBy)), Is.EqualTo(new[] { (1, "running", "version=v2", "step 2 of 3", (double?)0.5, "NOBODY") }));
        Assert.That(state.Changes, Has.Count.EqualTo(20));
        Assert.That(state.Changes[0], Is.EqualTo(new PageChange(Clusters.Now.AddMinutes(-1), "ops@h1", "drain", "1", "a1", "kernel <b>update</b>", null)));
    }

    /// <summary>What comes from etcd cannot end the JSON, the event or a line of it.</summary>
    [Test]
    public void Hostile_text_stays_text()
    {
        const string Hostile = "</script><img src=x onerror=alert(1)>\n\ndata: x\u2028\0";
        var member = Clusters.Ready("a", A);
        var text = Encoding.UTF8.GetString(PageUpdates.Event(PageRig.Build(Clusters.View([member with { Member = member.Member with { Reason = Hostile } }], ("p1", Clusters.Report(1))))));

        Assert.That(text.AsSpan().Count('\n'), Is.EqualTo(3));
        Assert.That(text, Does.StartWith("event: state\ndata: {").And.EndsWith("}\n\n").And.Not.Contains("<").And.Not.Contains("\u2028").And.Not.Contains("\0"));
    }

    [Test]
    public void Nothing_is_sent_while_nothing_changes_but_a_sign_of_life_and_then_what_changed_alone()
    {
        var time = new FakeTimeProvider(Clusters.Now);
        var updates = new PageUpdates(time);
        Assert.That(updates.Next(PageRig.Build(PageRig.Fleet(3)))!.Number, Is.EqualTo(1));
        Assert.That(updates.Next(PageRig.Build(PageRig.Fleet(3)) with { At = Clusters.Now.AddSeconds(1) }), Is.Null);

        var fewer = PageRig.Build(PageRig.Fleet(3));
        fewer = fewer with { Members = [fewer.Members[0], fewer.Members[1] with { Flags = "IP" }] };
        var changed = Encoding.UTF8.GetString(updates.Next(fewer)!.Changed);
        Assert.That(changed, Does.Contain("\"whole\":false").And.Contain("\"gone\":[\"1/m003\"]").And.Contain("\"name\":\"m002\"").And.Not.Contain("\"name\":\"m001\""));

        time.Advance(PageUpdates.Rhythm);
        Assert.That(Encoding.UTF8.GetString(updates.Next(fewer)!.Changed), Does.Contain("\"members\":[]"));
    }
}
