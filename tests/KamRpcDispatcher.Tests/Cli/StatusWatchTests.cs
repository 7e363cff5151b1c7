using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc status --watch</c> makes of one reading after another.</summary>
public class StatusWatchTests
{
    private static readonly AnnouncedMember[] Two = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2")];

    [Test]
    public void What_changes_is_told_once_and_marked_for_a_while()
    {
        var events = new StatusEvents();
        var ill = Report(2, 1) with { Deviations = [Off(DeviationKind.Inactive, "b", "sip:10.0.0.2", 0) with { Flags = "IP" }] };

        Assert.That(events.Next(Calls(View(Two, ("p1", Report(2))))), Is.Empty, "nothing is known of before");
        var news = events.Next(Calls(View(Two, ("p1", ill))));
        Assert.That(news.Select(static entry => entry.Text), Is.EqualTo(new[] { "set 1: b: NO CALLS, ready for 3m; does not answer Kamailio's pings (IP, for 0s)" }));
        Assert.That((events.IsMarked("1/b"), events.IsMarked("1/a"), events.IsMarked("proxy p1")), Is.EqualTo((true, false, false)));

        Assert.That(events.Next(At(View(Two, ("p1", ill)), 6)), Is.Empty, "time has passed only");
        Assert.That(events.IsMarked("1/b"), Is.False);
    }

    /// <summary>Whoever may write in etcd may name a proxy as he likes.</summary>
    [Test]
    public void A_proxy_with_the_name_of_a_member_is_another()
    {
        var events = new StatusEvents();
        events.Next(Calls(View(Two, ("1/a", Report(2)))));

        var news = events.Next(Calls(View([Two[1]], ("1/a", Report(1)))));

        Assert.That(news.Select(static entry => entry.Text), Is.EqualTo(new[] { "gone: set 1: a: it is not announced, and no report that can be believed names it any more" }));
    }

    [Test]
    public void A_record_that_comes_to_be_rejected_is_told_and_that_it_is_no_more()
    {
        var events = new StatusEvents();
        var well = View(Two, ("p1", Report(2)));
        events.Next(Calls(well));

        var news = events.Next(Calls(well with { Rejected = [new RejectedRecord("/kamrpc/c/members/1/c", "uri is missing", KeepsLastGood: false)] }));
        Assert.That(news.Select(static entry => entry.Text), Is.EqualTo(new[] { "record /kamrpc/c/members/1/c rejected: uri is missing" }));
        Assert.That(events.Next(Calls(well)).Select(static entry => entry.Text), Is.EqualTo(new[] { "gone: record /kamrpc/c/members/1/c is not rejected any more" }));
    }

    [Test]
    public void That_an_operator_drains_one_and_takes_it_back_is_told_and_not_when_that_cannot_be_seen()
    {
        var events = new StatusEvents();
        var well = View(Two, ("p1", Following(Report(2))));
        var drained = Wishing(View(Two, ("p1", Following(Report(1)))), Drain("b"));
        events.Next(Calls(well));

        Assert.That(events.Next(Calls(drained)).Select(static entry => entry.Text), Is.EqualTo(new[]
        {
            "set 1: b: NO CALLS, drained for 5m by ops@h1 (kernel update), announced ready", "drained: set 1: b, by ops@h1 (kernel update)",
        }));
        Assert.That(events.Next(Calls(drained)), Is.Empty);

        var refused = drained with { Intents = well.Intents, IntentsRefused = "permission denied" };
        Assert.That(events.Next(Calls(refused)).Select(static entry => entry.Text), Is.EqualTo(new[] { "who is drained by an operator is not known from now on: permission denied" }));
        Assert.That(events.Next(Calls(drained)).Select(static entry => entry.Text), Is.EqualTo(new[] { "who is drained by an operator is known again" }));

        var unusable = drained with { Intents = well.Intents, RejectedIntents = [new RejectedRecord("/kamrpc/c/intents/1/b", "not JSON", KeepsLastGood: false) { Member = Two[1].Member.Key }] };
        Assert.That(events.Next(Calls(unusable)).Select(static entry => entry.Text), Is.EqualTo(new[] { "record /kamrpc/c/intents/1/b rejected: not JSON" }));

        Assert.That(events.Next(Calls(well)).Select(static entry => entry.Text), Is.EquivalentTo(new[]
        {
            "set 1: b: CALLS, ready for 3m", "gone: record /kamrpc/c/intents/1/b is not rejected any more", "resumed: set 1: b: no operator drains it any more",
        }));
    }

    [Test]
    public void That_an_operator_drains_a_proxy_and_takes_it_back_is_told_and_not_when_that_cannot_be_seen()
    {
        var events = new StatusEvents();
        var well = View(Two, ("p1", Following(Report(2)) with { Applies = ["members", "intents", "proxies"] }));
        var drained = well with { ProxyIntents = well.ProxyIntents.Add("p1", new StoredIntent(Drain("x"), 50)) };
        events.Next(Calls(well));

        Assert.That(events.Next(Calls(drained)).Select(static entry => entry.Text), Is.EqualTo(new[] { "drained: proxy p1, by ops@h1 (kernel update): 'kamrpc health' fails there" }));

        var unusable = well with { RejectedIntents = [new RejectedRecord("/kamrpc/c/intents/proxies/p1", "not JSON", KeepsLastGood: false) { Proxy = "p1" }] };
        Assert.That(events.Next(Calls(unusable)).Select(static entry => entry.Text), Is.EqualTo(new[] { "record /kamrpc/c/intents/proxies/p1 rejected: not JSON" }));
        Assert.That(events.Next(Calls(well)).Select(static entry => entry.Text), Is.EquivalentTo(new[] { "gone: record /kamrpc/c/intents/proxies/p1 is not rejected any more", "resumed: proxy p1: no operator drains it any more" }));
    }

    [Test]
    public void Who_comes_and_who_goes_is_told()
    {
        var events = new StatusEvents();
        events.Next(Calls(View([Two[0]], ("p1", Report(1)), ("p2", Report(1)))));

        var news = events.Next(Calls(View([Two[1]], ("p1", Report(1)))));

        Assert.That(news.Select(static entry => entry.Text), Is.EquivalentTo(new[] { "set 1: b: CALLS, ready for 3m", "gone: set 1: a: it is not announced, and no report that can be believed names it any more", "gone: proxy p2: it does not report any more: its dispatcher has ended, or does not reach etcd; its Kamailio goes on as before" }));
    }

    [Test]
    public void A_source_that_cannot_be_read_is_told_once_and_when_that_is_over()
    {
        var events = new StatusEvents();
        var file = new ReportedSource("file:/x/members.json", [2]);
        var away = file with { AwaySince = Now, Reason = "no such file" };
        events.Next(Of(file));

        Assert.That(events.Next(Of(away)).Select(static entry => entry.Text), Is.EqualTo(new[] { "proxy p1: file:/x/members.json cannot be read: no such file" }));
        Assert.That(events.Next(Of(away with { Reason = "a directory" })), Is.Empty);
        Assert.That(events.Next(Of(file)).Select(static entry => entry.Text), Is.EqualTo(new[] { "gone: proxy p1: file:/x/members.json: that it cannot be read is not told any more" }));

        static ClusterCalls Of(ReportedSource source) => Calls(View(Two, ("p1", Report(2) with { Sources = [new ReportedSource(ReportedSource.Etcd, [1]), source] })));
    }

    [Test]
    public void A_Kamailio_that_is_lost_is_one_event_and_not_one_for_each_member()
    {
        var events = new StatusEvents();
        events.Next(Calls(View(Two, ("p1", Report(2)))));

        var lost = events.Next(Calls(View(Two, ("p1", Report(2) with { Contact = new KamailioContact(false, Now, "refused") }))));
        var back = events.Next(Calls(View(Two, ("p1", Report(2)))));

        Assert.That(lost.Select(static entry => entry.Text), Is.EqualTo(new[] { "proxy p1: Kamailio does not answer" }));
        Assert.That(back.Select(static entry => entry.Text), Is.EqualTo(new[] { "proxy p1: Kamailio answers" }));
    }

    [Test]
    public void A_screen_is_drawn_over_line_by_line_and_fits_into_its_height()
    {
        var text = string.Concat(Enumerable.Range(1, 50).Select(static number => $"line {number}\n"));

        var frame = WatchScreen.Frame(_ => text, ["12:00:00 one", "12:00:01 two"], Narrow, 12);

        Assert.That(frame, Does.StartWith("\u001b[Hline 1\u001b[K\n").And.EndWith("12:00:01 two\u001b[K\u001b[J"));
        Assert.That(frame.Split('\n'), Has.Length.EqualTo(12));
        Assert.That(frame, Does.Contain("... 43 more lines").And.Not.Contain("\u001b[2J"), "what is wiped first flickers");
        Assert.That(WatchScreen.Frame(static _ => "short\n", [], Narrow, 12), Is.EqualTo("\u001b[Hshort\u001b[K\u001b[J"));
    }

    [Test]
    public void A_low_window_shows_the_answer_before_the_changes()
    {
        var frame = WatchScreen.Frame(static _ => "1\n2\n3\n4\n5\n", [.. Enumerable.Range(1, 8).Select(static number => $"event {number}")], Narrow, 6);

        Assert.That(frame.Split('\n'), Has.Length.EqualTo(6));
        Assert.That(frame, Does.Contain("event 8").And.Not.Contain("event 7"));
    }

    [Test]
    public void What_is_not_in_step_stays_on_a_screen_of_80_columns_and_24_lines()
    {
        AnnouncedMember[] weighted = [.. Enumerable.Range(1, 15).Select(static number => Ready($"m{number:00}", $"sip:10.0.0.{number}")).Select(static announced => announced with { Member = announced.Member with { Weight = 10 } })];
        var view = View(weighted, ("p1", Report(15) with { Drift = 2 }));
        var calls = Calls(view);
        var findings = new StatusFindings(calls).ToList();

        var few = Draw(View(weighted[..6], ("p1", Report(6) with { Drift = 2 })));
        Assert.That(few, Does.Contain("NOT IN STEP").And.Contain("proxy p1 owes 2 changes").And.Contain("event 3").And.Not.Contain("SHARES").And.Not.Contain("more lines"));
        Assert.That(few.IndexOf("NOT IN STEP", StringComparison.Ordinal), Is.GreaterThan(few.IndexOf("SET 1", StringComparison.Ordinal)), "without the shares there is room");

        var many = Draw(view);
        Assert.That(many, Does.Contain("NOT IN STEP").And.Contain("proxy p1 owes 2 changes").And.Contain("SET 1: 15 of 15 get calls").And.Contain("event 3").And.Contain("more lines"));
        Assert.That(many.IndexOf("NOT IN STEP", StringComparison.Ordinal), Is.LessThan(many.IndexOf("SET 1", StringComparison.Ordinal)));
        Assert.That(findings.Select(static finding => finding.Code), Is.EqualTo(new[] { "drift" }));

        static string Draw(ClusterView shown)
        {
            var drawn = Calls(shown);
            var frame = WatchScreen.Frame(form => new StatusScreen(drawn, new StatusFindings(drawn).ToList(), StatusOptions.Default, Narrow, form: form).ToString(), ["event 1", "event 2", "event 3"], Narrow, 24);
            Assert.That(frame.Split('\n'), Has.Length.LessThanOrEqualTo(24));
            return frame;
        }
    }

    [Test]
    public void A_proxy_is_named_once_however_many_addresses_of_a_member_it_takes_out()
    {
        var several = Report(1) with { Deviations = [.. Enumerable.Range(7, 3).Select(static number => Off(DeviationKind.Leaving, "zz", $"sip:10.0.0.{number}", 38) with { Flags = "DX", Until = Now })] };

        Assert.That(Screen(View([Two[0]], ("p1", Report(1)), ("vm", several))), Does.Contain("left 38s ago; on vm: removed due"));
    }

    /// <summary>Nothing is ever written there: etcd does not answer, and programs get what is there only.</summary>
    [Test]
    public async Task It_ends_when_nobody_reads_it_though_nothing_changes()
    {
        var (exitCode, _, errors) = await Kamrpc.RunProgramAsync(
            "bash", ["-c", $"dotnet '{typeof(ExitCode).Assembly.Location}' status --watch -o json --etcd http://127.0.0.1:1 | true; exit ${{PIPESTATUS[0]}}"]);

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Contain("the answer cannot be written (nobody reads it any more)"));
    }

    private static ClusterCalls At(ClusterView view, int seconds)
    {
        var ages = new ReportAges(new FakeTimeProvider(Now));
        ages.Observe(view);
        return new ClusterCalls(view, ages, Now.AddSeconds(seconds));
    }
}
