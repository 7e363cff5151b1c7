using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Etcd;
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
        Assert.That((events.IsMarked("1/b"), events.IsMarked("1/a"), events.IsMarked("p1")), Is.EqualTo((true, false, false)));

        Assert.That(events.Next(At(View(Two, ("p1", ill)), 6)), Is.Empty, "time has passed only");
        Assert.That(events.IsMarked("1/b"), Is.False);
    }

    [Test]
    public void Who_comes_and_who_goes_is_told()
    {
        var events = new StatusEvents();
        events.Next(Calls(View([Two[0]], ("p1", Report(1)), ("p2", Report(1)))));

        var news = events.Next(Calls(View([Two[1]], ("p1", Report(1)))));

        Assert.That(news.Select(static entry => entry.Text), Is.EquivalentTo(new[] { "set 1: b: CALLS, ready for 3m", "gone: set 1: a: CALLS, ready for 3m", "gone: proxy p2: Kamailio answers" }));
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

        var frame = WatchScreen.Frame(text, ["12:00:00 one", "12:00:01 two"], Narrow, 12);

        Assert.That(frame, Does.StartWith("\u001b[Hline 1\u001b[K\n").And.EndWith("12:00:01 two\u001b[K\u001b[J"));
        Assert.That(frame.Split('\n'), Has.Length.EqualTo(12));
        Assert.That(frame, Does.Contain("... 43 more lines").And.Not.Contain("\u001b[2J"), "what is wiped first flickers");
        Assert.That(WatchScreen.Frame("short\n", [], Narrow, 12), Is.EqualTo("\u001b[Hshort\u001b[K\u001b[J"));
    }

    [Test]
    public void A_low_window_shows_the_answer_before_the_changes()
    {
        var frame = WatchScreen.Frame("1\n2\n3\n4\n5\n", [.. Enumerable.Range(1, 8).Select(static number => $"event {number}")], Narrow, 6);

        Assert.That(frame.Split('\n'), Has.Length.EqualTo(6));
        Assert.That(frame, Does.Contain("event 8").And.Not.Contain("event 7"));
    }

    private static ClusterCalls At(ClusterView view, int seconds)
    {
        var ages = new ReportAges(new FakeTimeProvider(Now));
        ages.Observe(view);
        return new ClusterCalls(view, ages, Now.AddSeconds(seconds));
    }
}
