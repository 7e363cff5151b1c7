using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What is believed of a report, and what is not.</summary>
public class AppliedReportsTests
{
    /// <summary>The intent was written at 60; the reports below were there before, or came at 70.</summary>
    private static readonly AppliedTarget Drained = new(IntentWish.Drain, 60, new HashSet<MemberKey> { Key("1/a") });

    private const string Fields = "\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":55,\"silenced\":61}";

    /// <summary>It says that it is drained, as of a revision after the wish.</summary>
    private const string Itself = "\"applies\":[\"members\",\"proxies\"],\"proxy\":{\"revision\":61,\"drained\":true}";

    private readonly FakeTimeProvider _time = new(Now);

    [Test]
    public void A_proxy_that_has_silenced_up_to_there_has_applied_a_drain_and_a_resume_has_to_be_in_force_whole()
    {
        var reports = With(Report("p1", Fields));

        Assert.That(reports.StateOf(Drained), Has.Property(nameof(AppliedState.IsApplied)).True);
        Assert.That(Missing(reports, Drained with { Wish = IntentWish.Resume }), Is.EqualTo("has not applied it yet"));
        Assert.That(Missing(With(Report("p1", Fields.Replace("55", "60", StringComparison.Ordinal))), Drained with { Wish = IntentWish.Resume }), Is.Null);
    }

    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":55,\"silenced\":59}", "has not applied it yet")]
    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":60}", null, Description = "in force whole is silenced too")]
    [TestCase("\"applies\":[\"members\",\"intents\"]", "has read no intents yet")]
    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":7", "its report cannot be read: intents is missing, or of the wrong kind", Description = "its field may be a newer version's, and what stands there is not known")]
    [TestCase("\"applies\":[\"members\"],\"intents\":{\"revision\":61,\"silenced\":61}", "follows no intents: an older kamrpc, or its etcd role may not read them")]
    [TestCase("\"silenced\":61", "follows no intents: an older kamrpc, or its etcd role may not read them")]
    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":71,\"silenced\":71}", "its report is of a revision that etcd does not have: etcd was restored from a backup")]
    [TestCase(Fields + ",\"trouble\":[{\"kind\":\"name\",\"since\":\"2026-01-31T12:00:00Z\",\"text\":\"x\"}]", "another proxy reports under this name too")]
    [TestCase(Fields + ",\"contact\":{\"answers\":false,\"since\":\"2026-01-31T12:00:00Z\",\"reason\":\"there is no such socket\"}", "does not reach its Kamailio: there is no such socket")]
    [TestCase(Fields + ",\"loop\":{\"step\":\"call\",\"forMs\":20000,\"mostMs\":1000}", "its dispatcher hangs")]
    [TestCase(Fields + ",\"loop\":{\"step\":\"call\",\"forMs\":2000,\"mostMs\":1000}", null)]
    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":0,\"silenced\":0},\"fromSnapshot\":true", "goes by the saved membership: it has not read etcd yet")]
    [TestCase(Fields + ",\"fromSnapshot\":true", null, Description = "it is another source that it has not read yet")]
    [TestCase(Fields + ",\"superseded\":[{\"member\":\"1/a\",\"by\":\"1/b\",\"served\":true}]", "calls go on to the address of 1/a, as b")]
    [TestCase(Fields + ",\"superseded\":[{\"member\":\"1/a\",\"by\":\"1/b\"},{\"member\":\"1/c\",\"by\":\"1/d\",\"served\":true}]", null, Description = "nobody calls it by the other name, and others are not meant")]
    [TestCase(Fields + ",\"version\":\"1.0.0\",\"moreSupersededLeaving\":2", "has no room to name everybody to whose address calls go on, since another name has it")]
    [TestCase(Fields + ",\"deviations\":[{\"kind\":\"serving\",\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\",\"since\":\"2026-01-31T12:00:00Z\",\"reason\":\"somebody enables it\"}]", "still sends calls to 1/a (somebody enables it)")]
    [TestCase(Fields + ",\"deviations\":[{\"kind\":\"serving\",\"set\":1,\"name\":\"b\",\"uri\":\"sip:10.0.0.1\",\"since\":\"2026-01-31T12:00:00Z\"}]", null, Description = "another one's business")]
    [TestCase("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":55,\"silenced\":59},\"deviations\":[{\"kind\":\"serving\",\"set\":9,\"name\":\"x\",\"uri\":\"sip:10.0.0.1\",\"since\":\"2026-01-31T12:00:00Z\"}]", "has not applied it yet: it still sends calls to 9/x")]
    public void Why_a_proxy_is_missing_is_told(string fields, string? missing) => Assert.That(Missing(With(Report("p1", fields)), Drained), Is.EqualTo(missing));

    [Test]
    public void What_a_proxy_owes_is_told_of_a_resume_that_waits() => Assert.That(
        Missing(With(Report("p1", Fields, drift: 2)), Drained with { Wish = IntentWish.Resume }), Is.EqualTo("has not applied it yet: it owes 2 changes"));

    [Test]
    public void What_a_proxy_reports_of_the_shares_of_a_set_is_told_of_a_split_that_waits()
    {
        const string Splits = "\"applies\":[\"members\",\"splits\"],\"splits\":{\"revision\":55},\"trouble\":[{\"kind\":\"shares\",\"since\":\"2026-01-31T12:00:00Z\",\"text\":\"its numbers are another set's\",\"sets\":[1]}]";

        Assert.That(Missing(With(Report("p1", Splits)), AppliedTarget.OfSplit(1, 60)), Is.EqualTo("has not applied it yet; of the set's shares it reports: its numbers are another set's"));
        Assert.That(Missing(With(Report("p1", Splits)), AppliedTarget.OfSplit(2, 60)), Is.EqualTo("has not applied it yet"));
    }

    [Test]
    public void A_report_that_cannot_be_read_may_be_of_anybody()
    {
        var reports = With(Raw("p1", "nonsense"), Report("p2", Fields));

        Assert.That(Missing(reports, Drained), Does.StartWith("its report cannot be read: the value is not JSON"));
        Assert.That(reports.StateOf(Drained).IsApplied, Is.False);
    }

    [Test]
    public void Who_serves_none_of_the_sets_is_not_waited_for_and_a_set_that_nobody_serves_has_nobody_who_could_apply_it()
    {
        var reports = With(Report("p1", Fields), Report("p2", "\"serves\":[2],\"silenced\":1"));

        Assert.That(reports.StateOf(Drained).Proxies.Select(static proxy => proxy.Name), Is.EqualTo(new[] { "p1" }));
        var state = With(Report("p1", Fields + ",\"serves\":[1]")).StateOf(Drained with { Members = new HashSet<MemberKey> { Key("1/a"), Key("3/a") } });
        Assert.That((state.IsApplied, state.HasNobody), Is.EqualTo((false, false)));
        Assert.That(state.Unserved, Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public void Without_any_proxy_that_lives_there_is_nobody_and_nothing_is_applied()
    {
        var reports = With(Report("p1", Fields, lease: 0));
        Assert.That((reports.StateOf(Drained).HasNobody, reports.StateOf(Drained).IsApplied, reports.StateOf(Drained).Reporting), Is.EqualTo((true, false, 0)));

        var elsewhere = With(Report("p1", Fields + ",\"serves\":[2]")).StateOf(Drained);
        Assert.That((elsewhere.HasNobody, elsewhere.IsApplied, elsewhere.Reporting), Is.EqualTo((true, false, 1)));
    }

    [Test]
    public void Who_has_ended_is_missing_whatever_it_said_until_it_is_back()
    {
        var reports = With(Report("p1", Fields));
        reports.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8("/kamrpc/c/proxies/p1"), ModRevision = 71 } }]);
        Assert.That(Missing(reports, Drained), Is.EqualTo("its report has ended: its dispatcher was stopped, or does not reach etcd"));

        reports.Apply([new Mvccpb.Event { Kv = Report("p1", Fields) }]);
        Assert.That(Missing(reports, Drained), Is.Null);

        reports.Replace(new KeyListing([], 90, new ResponseHeader()), wasAway: false);
        Assert.That(Missing(reports, Drained), Does.StartWith("its report has ended"), "and so is who is not in a listing");
    }

    [TestCase("2026-01-31T11:59:50Z", null)]
    [TestCase("2026-01-31T12:00:03Z", null, Description = "clocks differ")]
    [TestCase("2026-01-31T11:59:30Z", "by this host's clock its report is old, or of the future")]
    [TestCase("2026-01-31T12:01:00Z", "by this host's clock its report is old, or of the future")]
    public void A_report_that_was_there_before_is_believed_as_long_as_its_proxy_may_live(string writtenAt, string? missing)
    {
        var old = Report("p1", Fields.Replace("61", "60", StringComparison.Ordinal), writtenAt: writtenAt);
        var reports = new AppliedReports(new EtcdKeys("c"), _time);
        reports.Replace(new KeyListing([old], 90, new ResponseHeader()), wasAway: false);
        Assert.That(Missing(reports, Drained), Is.EqualTo(missing));

        var next = old.Clone();
        next.ModRevision = 91;
        reports.Apply([new Mvccpb.Event { Kv = next }]);
        Assert.That(Missing(reports, Drained), Is.Null, "what comes now is written now, whatever its clock says");
    }

    [Test]
    public void Of_another_store_no_report_is_taken_for_a_new_one()
    {
        var reports = With();
        reports.Replace(new KeyListing([Report("p1", Fields, writtenAt: "2026-01-31T11:00:00Z")], 200, new ResponseHeader { ClusterId = 2 }), wasAway: true);

        Assert.That(Missing(reports, Drained), Is.EqualTo("by this host's clock its report is old, or of the future"));
    }

    [TestCase(IntentWish.Drain, Itself, null)]
    [TestCase(IntentWish.Resume, Itself, "does not follow it yet")]
    [TestCase(IntentWish.Drain, "\"applies\":[\"members\",\"proxies\"],\"proxy\":{\"revision\":59,\"drained\":true}", "does not follow it yet", Description = "of an earlier drain")]
    [TestCase(IntentWish.Drain, "\"applies\":[\"members\",\"proxies\"],\"proxy\":{\"revision\":60,\"drained\":false}", "does not follow it yet")]
    [TestCase(IntentWish.Resume, "\"applies\":[\"members\",\"proxies\"],\"proxy\":{\"revision\":60,\"drained\":false}", null)]
    [TestCase(IntentWish.Drain, "\"applies\":[\"members\",\"proxies\"],\"proxy\":{\"revision\":71,\"drained\":true}", "its report is of a revision that etcd does not have: etcd was restored from a backup")]
    [TestCase(IntentWish.Drain, "\"applies\":[\"members\",\"proxies\"]", "has read no intents yet")]
    [TestCase(IntentWish.Drain, Fields, "does not follow what is wished of proxies: an older kamrpc, or its etcd role may not read it")]
    [TestCase(IntentWish.Drain, Itself + ",\"trouble\":[{\"kind\":\"name\",\"since\":\"2026-01-31T12:00:00Z\",\"text\":\"x\"}]", "another proxy reports under this name too")]
    [TestCase(IntentWish.Drain, Itself + ",\"contact\":{\"answers\":false,\"since\":\"2026-01-31T12:00:00Z\",\"reason\":\"x\"}", null, Description = "that needs no Kamailio")]
    public void Whether_a_proxy_follows_what_is_wished_of_itself_its_own_report_says(IntentWish wish, string fields, string? missing) =>
        Assert.That(Missing(With(Report("p1", fields)), OfProxies(wish, "p1")), Is.EqualTo(missing));

    [Test]
    public void Of_others_nothing_is_waited_for_and_for_one_that_never_reported_nobody_waits_longer_than_for_the_rest()
    {
        var reports = With(Report("p1", Itself), Report("p2", "\"silenced\":1"));
        Assert.That(reports.StateOf(OfProxies(IntentWish.Drain, "p1")).IsApplied, Is.True);

        var state = reports.StateOf(OfProxies(IntentWish.Drain, "p1", "p9"));
        Assert.That((state.IsApplied, state.HasNobody, state.Proxies[1].IsAbsent), Is.EqualTo((false, true, true)));
        Assert.That(state.Proxies[1].Missing, Does.StartWith("does not report"));
        Assert.That(reports.StateOf(OfProxies(IntentWish.Drain, "p2", "p9")).HasNobody, Is.False, "the other one may follow yet");
    }

    [Test]
    public void Who_is_expected_and_does_not_report_is_missing_and_waited_for()
    {
        var target = AppliedTarget.OfSplit(1, 60) with { Expected = new Dictionary<string, string> { ["p0"] = "had step 1", ["p1"] = "had step 1", ["p2"] = "had step 1" } };
        const string Splits = "\"applies\":[\"members\",\"splits\"],\"splits\":{\"revision\":60,\"table\":true}";
        var reports = With(Report("p1", Splits), Report("p2", Splits.Replace("\"applies\"", "\"serves\":[9],\"applies\"", StringComparison.Ordinal)));

        var state = reports.StateOf(target);
        Assert.That(state.Proxies.Select(static proxy => $"{proxy.Name} {proxy.Missing} {proxy.IsExpected}"), Is.EqualTo(new[] { "p0 had step 1 True", "p1  False" }), "p2 reports, and does not serve the set any more");
        Assert.That((state.IsApplied, state.HasNobody, state.Unserved.Count), Is.EqualTo((false, false, 0)));

        reports.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = Report("p1", Splits) }]);
        Assert.That(reports.StateOf(target).Proxies[1].IsExpected, Is.True);
    }

    private static AppliedTarget OfProxies(IntentWish wish, params string[] proxies) => AppliedTarget.Of(wish, 60, proxies.Select(IntentSubject.OfProxy));

    private static string? Missing(AppliedReports reports, AppliedTarget target) => reports.StateOf(target).Proxies[0].Missing;

    /// <summary>Which are there when it is first looked, before the intent was written.</summary>
    private AppliedReports With(params Mvccpb.KeyValue[] reports)
    {
        var all = new AppliedReports(new EtcdKeys("c"), _time);
        all.Replace(new KeyListing([], 50, new ResponseHeader()), wasAway: false);
        all.Apply(reports.Select(static report => new Mvccpb.Event { Kv = report }));
        return all;
    }

    private static Mvccpb.KeyValue Report(string name, string fields, long lease = 7, string writtenAt = "2026-01-31T11:59:59Z", int drift = 0) => Raw(
        name, $$"""{"revision":70,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{writtenAt}}","kamailio":"5.6","drift":{{drift}},"sets":{},{{fields}}}""", lease);

    private static Mvccpb.KeyValue Raw(string name, string value, long lease = 7) =>
        new() { Key = ByteString.CopyFromUtf8("/kamrpc/c/proxies/" + name), Value = ByteString.CopyFromUtf8(value), Lease = lease, ModRevision = 70 };
}
