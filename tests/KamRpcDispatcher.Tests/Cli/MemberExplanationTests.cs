using System.Text.Json;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.Confirming;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Tests.Documents;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc explain</c>: the one sentence, and whether it is as it should be.</summary>
public class MemberExplanationTests
{
    private static readonly EtcdKeys Keys = new("c");
    private static readonly AnnouncedMember Box = Ready("box", "sip:10.0.0.1");

    [Test]
    public void One_that_gets_calls_everywhere() =>
        Assert.That(Verdict(View([Box], ("p1", Report(1)), ("p2", Report(1)))), Is.EqualTo(new MemberVerdict(true, "box gets calls on p1, p2.")));

    [Test]
    public void One_that_gets_none_somewhere()
    {
        var ill = Report(1, 0) with { Deviations = [Off(DeviationKind.Inactive, "box", "sip:10.0.0.1", 7) with { Flags = "IP" }] };

        Assert.That(Verdict(View([Box], ("p1", Report(1)), ("p2", ill))), Is.EqualTo(
            new MemberVerdict(false, "box gets no calls on p2: it does not answer Kamailio's pings (IP, for 7s); another proxy has it as it should be.")));
    }

    [Test]
    public void One_that_is_to_get_none()
    {
        var draining = Box with { Member = Box.Member with { State = MemberState.Draining, Reason = "kernel update" } };

        Assert.That(Verdict(View([draining], ("p1", Report(0)))), Is.EqualTo(new MemberVerdict(true, "box gets no calls, as it should: it is draining (kernel update).")));
        Assert.That(Verdict(View([draining with { ModRevision = 99 }], ("p1", Report(0)))), Is.EqualTo(
            new MemberVerdict(false, "box is not known to get calls on p1: its record is not applied yet (revision 57 of 99).")));
    }

    [Test]
    public void One_that_an_operator_has_drained_is_told_by_whom_when_why_and_how_that_is_undone()
    {
        var view = Wishing(View([Box], ("p1", Following(Report(0)))), Drain("box"));

        Assert.That(Verdict(view), Is.EqualTo(new MemberVerdict(true, "box gets no calls, as it should: ops@h1 drained it 5m ago (kernel update); 'kamrpc resume box --set 1' takes that back, with --force where it is somebody else's.")));
        var explained = MemberExplanation.Of("box", Calls(view), Keys).Single();
        Assert.That(explained.ToText(Narrow).ReplaceLineEndings(" "), Does.Contain("record: /kamrpc/c/members/1/box, revision 42: sip:10.0.0.1, ready for 3m ").And.Contain("intent: /kamrpc/c/intents/1/box, revision 44: drained for 5m by ops@h1"));
        Assert.That(explained.Views().Select(static one => (one.Text, one.IsAcknowledged, one.IsAsItShouldBe)), Is.EqualTo(new[] { ("it gets no calls, as an operator wishes", (bool?)true, true) }));

        var json = JsonElement.Parse(JsonText.Write(explained.Write));
        Assert.That((json.GetProperty("state").GetString(), json.GetProperty("drainedByOperator").GetProperty("by").GetString()), Is.EqualTo(("ready", "ops@h1")));
    }

    [Test]
    public void What_calls_are_up_on_one_that_is_drained_is_told_with_the_age_of_that()
    {
        var counts = new Dictionary<MemberKey, StoredCallCount> { [new(1, "box")] = new(new CallCount(3) { At = Now.AddSeconds(-2) }, null) };
        var drained = Wishing(View([Box], ("p1", Following(Report(0)))), Drain("box"));

        Assert.That(Text(drained with { CallCounts = counts }), Does.Contain(" calls: 3 calls 2s ago "));
        Assert.That(Text(drained), Does.Not.Contain(" calls: "), "nobody counts them");
        Assert.That(Text(View([Box], ("p1", Following(Report(1)))) with { CallCounts = counts }), Does.Not.Contain(" calls: "), "nobody drains it");

        static string Text(ClusterView view) => MemberExplanation.Of("box", Calls(view), Keys).Single().ToText(Narrow).ReplaceLineEndings(" ");
    }

    [Test]
    public void One_that_is_drained_and_gets_calls_from_a_proxy_that_does_not_follow_it()
    {
        var explained = MemberExplanation.Of("box", Calls(Wishing(View([Box], ("p1", Following(Report(0))), ("p2", Report(1))), Drain("box"))), Keys).Single();

        Assert.That(explained.Verdict, Is.EqualTo(new MemberVerdict(
            false,
            "box gets calls though it should not on p2: it gets calls all the same: this proxy follows no intents (an older kamrpc, or its etcd role may not read them); another proxy has it as it should be; ops@h1 drained it 5m ago (kernel update); 'kamrpc resume box --set 1' takes that back, with --force where it is somebody else's.")));
        Assert.That(explained.Views().Select(static one => one.IsAcknowledged), Is.EqualTo(new bool?[] { true, false }));
    }

    [Test]
    public void One_whose_drain_no_proxy_has_followed_yet()
    {
        var view = Wishing(View([Box], ("p1", Following(Report(1), 43))), Drain("box"));

        Assert.That(Verdict(view).Text, Does.StartWith("box is not known to get calls on p1: what an operator wishes of it is not applied yet (revision 43 of 44); ops@h1 drained it"));
        Assert.That(MemberExplanation.Of("box", Calls(view), Keys).Single().Views().Single().IsAcknowledged, Is.False);
    }

    [Test]
    public void One_that_is_down_and_drained_as_well()
    {
        var down = Box with { Member = Box.Member with { State = MemberState.Down, Reason = "no answer" } };

        Assert.That(Verdict(Wishing(View([down], ("p1", Following(Report(0)))), Drain("box"))), Is.EqualTo(new MemberVerdict(
            true, "box gets no calls, as it should: it is down (no answer); and ops@h1 drained it 5m ago (kernel update); 'kamrpc resume box --set 1' takes that back, with --force where it is somebody else's.")));
    }

    [Test]
    public void Where_intents_cannot_be_read_or_used_that_is_told()
    {
        string Text(ClusterView view) => MemberExplanation.Of("box", Calls(view), Keys).Single().ToText(Narrow).ReplaceLineEndings(" ");
        var view = View([Box], ("p1", Following(Report(1))));

        Assert.That(Text(view with { IntentsRefused = "permission denied" }), Does.Contain("whether an operator has drained it is not"));
        Assert.That(Text(view with { RejectedIntents = [new RejectedRecord("/kamrpc/c/intents/1/box", "not JSON", KeepsLastGood: false) { Member = Box.Member.Key }] }), Does.Contain("intent: /kamrpc/c/intents/1/box cannot be used: not JSON"));
        Assert.That(Text(view), Does.Not.Contain("intent:"));
    }

    [Test]
    public void One_of_which_nobody_knows()
    {
        var lost = Report(1) with { Contact = new KamailioContact(false, Now.AddSeconds(-12), "refused") };

        Assert.That(Verdict(View([Box], ("p1", lost))), Is.EqualTo(new MemberVerdict(false, "box is not known to get calls on p1: Kamailio does not answer, for 12s.")));
        Assert.That(Verdict(View([Box])).Text, Does.StartWith("box gets no calls that anybody knows of: no proxy reports"));
    }

    /// <summary>Nobody renews that, and no announcer is behind it.</summary>
    [Test]
    public void One_that_was_confirmed_to_be_gone_has_the_lease_of_that()
    {
        var gone = Box with { Member = Box.Member with { State = MemberState.Down, Reason = ExpiryConfirmation.Reason } };
        var explained = MemberExplanation.Of("box", Calls(View([gone], ("p1", Report(0)))), Keys).Single() with { Lease = new LeaseStatus(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(59), ["/kamrpc/c/members/1/other"]) };

        Assert.That(explained.ToText(Narrow), Does.Contain("lease: 000000000000694d, of 'kamrpc confirm': the record ends by itself in 59s\n").And.Not.Contain("announcer"));
    }

    [Test]
    public void One_that_has_left()
    {
        var left = Report(0) with { Deviations = [Off(DeviationKind.Leaving, "box", "sip:10.0.0.1", 12) with { Flags = "DX", Until = Now.AddSeconds(18) }] };

        Assert.That(Verdict(View([], ("p1", left))), Is.EqualTo(new MemberVerdict(true, "box gets no calls, as it should: it has left.")));
    }

    [Test]
    public void One_whose_record_cannot_be_used_and_one_that_there_is_not()
    {
        var view = View([], ("p1", Report(0))) with { Rejected = [new RejectedRecord("/kamrpc/c/members/1/box", "uri is missing", KeepsLastGood: false)] };

        Assert.That(Verdict(view).Text, Does.Contain("cannot be used (uri is missing)"));
        Assert.That(Verdict(view).IsAsItShouldBe, Is.False);
        Assert.That(MemberExplanation.Of("nobody", Calls(view), Keys), Is.Empty);
    }

    [Test]
    public void One_whose_address_another_name_has()
    {
        var other = Ready("other", "sip:10.0.0.1");
        var report = Report(2, 1) with { Deviations = [Off(DeviationKind.Superseded, "box", "sip:10.0.0.1", 9)], Superseded = [new SupersededMember(Box.Member.Key, other.Member.Key, IsServed: true)] };

        Assert.That(Verdict(View([Box, other], ("p1", report))).Text, Does.StartWith("box gets no calls on p1: it is left out, since another name is followed at its address (for 9s) (other is followed at its address)."));
    }

    [Test]
    public void One_that_is_to_get_none_while_another_name_keeps_its_address_in_service()
    {
        var draining = Box with { Member = Box.Member with { State = MemberState.Draining } };
        var other = Ready("other", "sip:10.0.0.1:5060;transport=udp");

        Assert.That(Verdict(View([draining, other], ("p1", Report(1)))), Is.EqualTo(new MemberVerdict(false, "box is draining, but its address gets calls: other has it too, is ready, and is followed.")));

        var dead = Report(1, 0) with { Deviations = [Off(DeviationKind.Inactive, "other", "sip:10.0.0.1", 7) with { Flags = "IP" }] };
        Assert.That(Verdict(View([draining, other], ("p1", dead))).Text, Is.EqualTo("box gets no calls, as it should: it is draining."), "nobody does");
    }

    [Test]
    public void What_is_so_at_one_proxy_is_not_said_of_another()
    {
        var ill = Report(1, 0) with { Deviations = [Off(DeviationKind.Inactive, "box", "sip:10.0.0.1", 7) with { Flags = "IP" }] };
        var lost = Report(1) with { Contact = new KamailioContact(false, Now.AddSeconds(-12), "refused") };
        var longer = lost with { Contact = new KamailioContact(false, Now.AddSeconds(-15), "refused") };

        Assert.That(Verdict(View([Box], ("p1", ill), ("p2", lost), ("p3", longer), ("p4", Report(1)))).Text, Is.EqualTo(
            "box gets no calls on p1: it does not answer Kamailio's pings (IP, for 7s); is not known to get calls on p2, p3: Kamailio does not answer, for 12s; another proxy has it as it should be."));
    }

    [Test]
    public void One_whose_name_no_member_may_have_is_found_by_the_record_that_is_rejected()
    {
        var view = View([Box], ("p1", Report(1))) with { Rejected = [new RejectedRecord("/kamrpc/c/members/1/mit leer", "the name 'mit leer' is not ...", KeepsLastGood: false)] };

        var explained = MemberExplanation.Of("mit leer", Calls(view), Keys).Single();
        Assert.That((explained.Key.Set, explained.Verdict.IsAsItShouldBe, explained.Verdict.Text), Is.EqualTo((1, false, "mit leer gets no calls by this record, which cannot be used (the name 'mit leer' is not ...).")));
    }

    [Test]
    public void All_of_it_reads_like_this()
    {
        var ill = Report(1, 0) with { Deviations = [Off(DeviationKind.Inactive, "box", "sip:10.0.0.1", 7) with { Flags = "IP" }] };

        Assert.That(MemberExplanation.Of("box", Calls(View([Box with { Lease = 0 }], ("p1", Report(1)), ("p2", ill))), Keys).Single().ToText(Narrow), Is.EqualTo("""
            box in set 1
              record: /kamrpc/c/members/1/box, revision 42: sip:10.0.0.1, ready, static for
              3m
              lease: none: a static member, which stays until somebody deletes its key
              PROXY  CALLS     REVISION  ACKNOWLEDGED  FLAGS  VIEW
              p1     CALLS     57        yes                  it is in Kamailio's list and
                                                              gets calls
              p2     NO CALLS  57        yes           IP     it does not answer Kamailio's
                                                              pings (IP, for 7s)
            box gets no calls on p2: it does not answer Kamailio's pings (IP, for 7s);
            another proxy has it as it should be.

            """));
    }

    /// <summary>But for the lease, of which only etcd tells.</summary>
    [Test]
    public void The_reference_shows_one_as_it_looks()
    {
        var ill = Report(1, 0) with { Deviations = [Off(DeviationKind.Inactive, "asterisk-2", "sip:10.0.0.12", 7) with { Flags = "IP" }] };
        var calls = Calls(View([Ready("asterisk-2", "sip:10.0.0.12", 2)], ("p1", Report(1)), ("p2", ill)));
        var lines = MemberExplanation.Of("asterisk-2", calls, new EtcdKeys("default")).Single().ToText(Narrow).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.That(lines.Where(static line => !line.StartsWith("  lease: ", StringComparison.Ordinal)), Is.SubsetOf(MarkdownFile.Reference.Blocks));
    }

    private static MemberVerdict Verdict(ClusterView view) => MemberExplanation.Of("box", Calls(view), Keys).Single().Verdict;
}
