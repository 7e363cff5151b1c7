using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Tests.Cli;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>A report says which sets' members come from elsewhere than etcd, and no more of that than it has room for.</summary>
public class ReportedSourceTests
{
    private const string File = "file:/etc/kamrpc/members.json";

    [TestCase(1, null)]
    [TestCase(2, "comes from file:/etc/kamrpc/members.json")]
    [TestCase(3, "comes from none of its sources, by its --source")]
    public void A_set_that_a_source_names_comes_from_there_and_others_from_nowhere(int set, string? expected) =>
        Assert.That(Written(new(ReportedSource.Etcd, [1]), new(File, [2])).ElsewhereOf(set), Is.EqualTo(expected));

    [Test]
    public void Whoever_names_no_sets_brings_all_others()
    {
        var fromFile = Written(new(ReportedSource.Etcd, [1]), new(File, []));
        Assert.That((fromFile.ElsewhereOf(1), fromFile.ElsewhereOf(9)), Is.EqualTo(((string?)null, "comes from " + File)));

        var fromEtcd = Written(new(ReportedSource.Etcd, []), new(File, [2]));
        Assert.That((fromEtcd.ElsewhereOf(1), fromEtcd.ElsewhereOf(2)), Is.EqualTo(((string?)null, "comes from " + File)));
        Assert.That(Written().ElsewhereOf(1), Is.Null, "as of an earlier version");
    }

    [Test]
    public void What_there_is_no_room_for_may_come_from_elsewhere()
    {
        var many = Written(new(ReportedSource.Etcd, []), new("kubernetes:voice/asterisk", [.. Enumerable.Range(1_000_000_000, 1_000)]));
        Assert.That(many.ElsewhereOf(7), Is.EqualTo("may come from another source than etcd, by its --source"));
        Assert.That(many.Sources[^1].MoreSets, Is.EqualTo(1_000 - ReportedSource.MostSets));

        var crowd = Written([.. Enumerable.Range(1, 100).Select(static number => new ReportedSource($"file:/{new string('\u0001', 300)}/{number}", [number]))]);
        Assert.That(crowd.Sources.Length + crowd.MoreSources, Is.EqualTo(100));
        Assert.That(crowd.ElsewhereOf(100), Is.Not.Null);
    }

    [Test]
    public void One_that_cannot_be_read_is_told_with_since_when_and_why_before_the_others()
    {
        var since = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
        var away = new ReportedSource(File, [2]) { AwaySince = since, Reason = "4:7: ']' is missing" };

        Assert.That(Written(new ReportedSource(ReportedSource.Etcd, [1]), away).Sources.Select(static source => (source.Name, source.AwaySince, source.Reason)), Is.EqualTo(new (string, DateTimeOffset?, string?)[] { (File, since, "4:7: ']' is missing"), (ReportedSource.Etcd, null, null) }));

        // Texts of others may be long: it is told all the same.
        var crowd = Written([.. Enumerable.Range(1, 100).Select(static number => new ReportedSource($"file:/{number}", [number])), new ReportedSource("file:/" + new string('x', 300), [.. Enumerable.Range(1_000_000_000, 100)]) { AwaySince = since, Reason = new string('\u0001', 1_000) }]);
        Assert.That(crowd.Sources[0].AwaySince, Is.EqualTo(since));
    }

    private static ProxyStatus Written(params ReportedSource[] sources)
    {
        var value = ProxyReport.Write(Clusters.Report(3) with { Sources = [.. sources] });
        Assert.That(value, Has.Length.LessThanOrEqualTo(ReportWriter.MostBytes));
        Assert.That(ProxyRecord.TryRead(value, out var status, out var error), error);
        return status!;
    }
}
