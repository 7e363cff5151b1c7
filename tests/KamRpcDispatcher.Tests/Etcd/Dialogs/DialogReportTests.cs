using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Etcd.Reports.Format;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd.Dialogs;

public sealed class DialogReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly MemberKey A = new(1, "a");
    private static readonly DialogReport Two = Counted(2);

    [Test]
    public void It_is_read_as_it_was_written()
    {
        var read = Reread(Two);
        Assert.That((read!.Since, read.At), Is.EqualTo((Two.Since, Two.At)));
        Assert.That(read.Members, Is.EqualTo(Two.Members));
        Assert.That(Reread(new DialogReport()), Is.Not.Null, "Kamailio counts, and nobody is drained");
        Assert.That(Reread(null), Is.Null);
    }

    [Test]
    public void Whoever_has_no_room_in_the_report_has_no_count()
    {
        var many = Two with { Members = [.. Enumerable.Range(0, 500).Select(static number => new DialogCount(new MemberKey(1, new string('n', 100) + number), 1))] };

        Assert.That(ReportWriter.Write(Status(many)), Has.Length.LessThanOrEqualTo(ReportWriter.MostBytes));
        Assert.That(Reread(many)!.CallsOf(many.Members[^1].Member), Is.Null);
    }

    [Test]
    public void Another_count_is_news_and_the_same_one_when_it_is_newer_by_a_while()
    {
        Assert.That(IsNew(Two, Counted(1)), Is.True);
        Assert.That(IsNew(null, Two), Is.True);
        Assert.That(IsNew(Two, Two with { At = Now.AddSeconds(1), Members = [.. Two.Members] }), Is.False);
        Assert.That(IsNew(Two, Two with { At = Now.AddSeconds(2) }), Is.True);
        Assert.That(IsNew(new DialogReport(), new DialogReport()), Is.False);
    }

    [Test]
    public void What_one_proxy_does_not_tell_nobody_knows()
    {
        Assert.That(Sum(Two, Counted(3)), Is.EqualTo("5 calls, as Kamailio's dialogs count them"));
        Assert.That(Sum(Two, null), Is.EqualTo("Kamailio of proxy p1 does not count dialogs"));
        Assert.That(Sum(Two, Two with { Members = [] }), Is.EqualTo("proxy p1 has not counted its calls"));
        Assert.That(Sum(null, null), Is.Null);
        Assert.That(Sum(Two, Counted(0)), Is.EqualTo("2 calls, as Kamailio's dialogs count them"));
    }

    [Test]
    public void No_calls_are_known_of_a_Kamailio_that_has_run_for_longer_than_a_call_takes()
    {
        Assert.That(Sum(Counted(0)), Is.EqualTo("no calls, as Kamailio's dialogs count them"));
        Assert.That(Sum(Counted(0) with { Since = Now.AddHours(-1) }), Is.EqualTo("Kamailio of proxy p0 was started at 2026-01-01T11:00:00Z, and does not count calls of before"));
        Assert.That(Sum(Two with { Since = Now.AddHours(-1) }), Does.StartWith("2 calls"));
    }

    [Test]
    public void A_proxy_that_serves_other_sets_is_not_asked()
    {
        ReportingProxy[] proxies = [new("p0", Status(Two), null), new("p1", Status(null) with { Serves = [2] }, null)];
        Assert.That(DialogCalls.Of(A, proxies, Now)!.Count!.Calls, Is.EqualTo(2));
    }

    private static DialogReport Counted(int calls) => new() { Since = Now.AddHours(-3), At = Now, Members = [new DialogCount(A, calls)] };

    private static ProxyStatus Status(DialogReport? dialogs) => new(5, Now, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Dialogs = dialogs };

    private static DialogReport? Reread(DialogReport? dialogs) =>
        ProxyRecord.TryRead(ReportWriter.Write(Status(dialogs)), out var status, out var error) ? status.Dialogs : throw new InvalidOperationException(error);

    private static bool IsNew(DialogReport? before, DialogReport? after) => ReportNews.IsNew(Status(before), Status(after));

    private static string? Sum(params DialogReport?[] reports) => DialogCalls.Of(A, reports.Select(static (report, index) => new ReportingProxy($"p{index}", Status(report), null)), Now)?.Count!.ToString();
}
