using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Whether calls can be shared, and how.</summary>
internal sealed class SharesCheckTests
{
    private const string Lines = """
        loadmodule "htable.so"  modparam("htable", "htable", "kamrpc_shares=>size=8;")  modparam("htable", "htable", "kamrpc_counts=>size=10;autoexpire=3600;initval=0;")
        """;

    [Test]
    public void What_is_missing_in_Kamailio_is_told_with_the_lines_and_is_an_error_where_shares_are_wished()
    {
        AssertFinding(SharesCheck.Of(Healthy.Kamailio, Healthy.Etcd), Severity.Ok, "are counted", null);
        AssertFinding(SharesCheck.Of(With(hasMaps: true), Healthy.Etcd), Severity.Note, "not counted: the table kamrpc_counts is missing", Lines);
        AssertFinding(SharesCheck.Of(With(hasMaps: false), Healthy.Etcd), Severity.Note, "no set can be split", Lines);

        var wished = Reports(("p1", Healthy.Proxy with { Troubles = [new ProxyTrouble(TroubleKind.Shares, Healthy.Now, "split")] }));
        AssertFinding(SharesCheck.Of(With(hasMaps: false), wished), Severity.Error, "an operator wishes shares", Lines);
    }

    [Test]
    public void Proxies_that_share_in_different_ways_are_named()
    {
        AssertFinding(SharesCheck.OfWays(Reports(("p1", By("map")), ("p2", By("map")), ("p3", Healthy.Proxy))), Severity.Ok, "--share map", null);
        AssertFinding(SharesCheck.OfWays(Reports(("p1", By("map")), ("p2", By("attributes")))), Severity.Warning, "--share attributes on p2; --share map on p1", "kamrpc dispatch with the same --share everywhere");
    }

    private static KamailioObservation With(bool hasMaps) => Healthy.Kamailio with { Shares = new ShareTables(hasMaps, HasCounts: false) };

    private static ProxyStatus By(string way) => Healthy.Proxy with { Shares = new ShareReport(way) };

    private static EtcdObservation Reports(params (string Name, ProxyStatus Status)[] proxies) =>
        Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([.. proxies.Select(static proxy => new ReportingProxy(proxy.Name, proxy.Status, null))]) };
}
