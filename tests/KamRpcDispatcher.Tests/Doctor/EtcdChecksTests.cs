using System.Net;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What the checks make of what was seen of etcd.</summary>
internal sealed class EtcdChecksTests
{
    private static readonly EndpointStatus Fine = new("3.5.9", HasLeader: true, 4 * 1024 * 1024, [], TimeSpan.FromMilliseconds(2)) { Revision = 20_000, CompactedRevision = 15_000, QuotaBytes = 1L << 30 };

    [Test]
    public void Each_endpoint_has_its_findings()
    {
        var gone = new EndpointObservation("http://10.0.0.6:2379", Observed<EndpointStatus>.Not("http://10.0.0.6:2379 is gone"), Observed<ClockReading>.Not("gone"));
        var findings = AllChecks.Of(Healthy.Kamailio, Healthy.Etcd with { Endpoints = [Healthy.Endpoint, gone] }).Where(static finding => finding.Check.StartsWith("etcd.", StringComparison.Ordinal)).ToList();

        Assert.That(findings.Count(static finding => finding.Check == "etcd.reachable"), Is.EqualTo(2));
        AssertFinding(findings.Single(static finding => finding.Severity == Severity.Error), Severity.Error, "10.0.0.6:2379 is gone", "--etcd");
        Assert.That(findings.Count(static finding => finding.Severity == Severity.Unknown), Is.EqualTo(5));
    }

    [Test]
    public void Endpoints_of_two_stores_are_told()
    {
        EndpointObservation Endpoint(string name, ulong cluster) => Healthy.Endpoint with { Endpoint = name, Status = Fine with { ClusterId = cluster } };
        var findings = EtcdChecks.Of(Healthy.Etcd with { Endpoints = [Endpoint("http://a", 1), Endpoint("http://b", 2), Endpoint("http://c", 1)] });

        AssertFinding(findings.Single(static finding => finding.Severity == Severity.Error), Severity.Error, "of 2 stores, which know nothing of one another: http://a, http://c; http://b", "--etcd");
        Assert.That(EtcdChecks.Of(Healthy.Etcd with { Endpoints = [Endpoint("http://a", 1), Endpoint("http://c", 1), Endpoint("http://old", 0)] }).Select(static finding => finding.Severity), Has.None.EqualTo(Severity.Error));
    }

    [TestCase("3.3.27", Severity.Warning, "install etcd 3.4 or later")]
    [TestCase("3.4.0", Severity.Ok, null)]
    [TestCase("3.10.1-rc.1", Severity.Ok, null)]
    [TestCase("new", Severity.Unknown, null)]
    public void A_release_is_new_enough_or_not(string version, Severity severity, string? fix) =>
        AssertFinding(Of(Fine with { Version = version }, "etcd.version"), severity, "http://10.0.0.5:2379", fix);

    [Test]
    public void Without_a_leader_or_with_an_alarm_etcd_is_not_well()
    {
        AssertFinding(Of(Fine with { HasLeader = false }, "etcd.health"), Severity.Error, "knows no leader", "start the other members");
        AssertFinding(Of(Fine with { IsLearner = true }, "etcd.health"), Severity.Error, "is a learner: it serves nobody", "etcdctl member promote");
        AssertFinding(Of(Fine with { Errors = ["memberID:1 alarm:NOSPACE "] }, "etcd.health"), Severity.Error, "NOSPACE , with a database of 4 MB", "etcdctl compact");
        AssertFinding(Of(Fine, "etcd.health"), Severity.Ok, "has a leader", null);
    }

    [TestCase(20_000, 15_000L, Severity.Ok, "is compacted up to revision 15000, and keeps 5000", null)]
    [TestCase(20_000, 0L, Severity.Warning, "keeps each of its 20000 revisions", "--auto-compaction-mode=periodic --auto-compaction-retention=1h")]
    [TestCase(5_000, 0L, Severity.Note, "whether auto-compaction is on is not known", "--auto-compaction-mode=periodic --auto-compaction-retention=1h")]
    [TestCase(5_000_000, 100L, Severity.Warning, "the last compaction was long ago", "--auto-compaction-mode=periodic --auto-compaction-retention=1h")]
    [TestCase(20_000, null, Severity.Note, "does not tell which of its revisions are compacted", "--auto-compaction-mode=periodic --auto-compaction-retention=1h")]
    public void What_is_never_compacted_is_told_with_the_flag(long revision, long? compacted, Severity severity, string text, string? fix) =>
        AssertFinding(Of(Fine with { Revision = revision, CompactedRevision = compacted }, "etcd.compaction"), severity, text, fix);

    [TestCase(4, 1024L, Severity.Ok, "a database of 4 MB, with a quota of 1024 MB", null)]
    [TestCase(850, 1024L, Severity.Warning, "soon nothing can be announced", "etcdctl compact 20000 && etcdctl defrag")]
    [TestCase(4, null, Severity.Note, "a quota that it does not tell (2048 MB if not set)", "open etcd's /metrics")]
    [TestCase(1900, null, Severity.Warning, "a quota that it does not tell", "etcdctl compact 20000 && etcdctl defrag")]
    public void A_database_that_comes_near_its_quota_is_told_with_the_flag(long megabytes, long? quota, Severity severity, string text, string? fix) =>
        AssertFinding(Of(Fine with { DatabaseBytes = megabytes << 20, QuotaBytes = quota << 20 }, "etcd.quota"), severity, text, fix);

    [TestCase(5, Severity.Ok)]
    [TestCase(6, Severity.Warning)]
    [TestCase(3600, Severity.Warning)]
    public void Its_clock_is_compared(int ahead, Severity severity) =>
        Assert.That(ClockCheck.Of(Healthy.Endpoint with { Clock = Healthy.Clock(TimeSpan.FromSeconds(ahead)) }).Severity, Is.EqualTo(severity));

    [Test]
    public void A_slow_answer_is_no_skew()
    {
        var slow = new ClockReading(Healthy.Now, Healthy.Now.AddSeconds(60), Healthy.Now.AddSeconds(30));
        Assert.That(ClockCheck.Of(Healthy.Endpoint with { Clock = slow }).Severity, Is.EqualTo(Severity.Ok));
    }

    [Test]
    public void Members_with_names_are_told() => AssertFinding(
        HostNamesCheck.Of(Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of([Members.Of("a"), Members.Of("b", uri: "sip:10.0.0.2")]) }),
        Severity.Warning,
        "a (sip:a.example.org:5060)",
        "kamrpc announce --uri sip:ADDRESS:PORT");

    [Test]
    public void Several_names_for_one_address_are_told() => AssertFinding(
        AddressClaimsCheck.Of(Healthy.Etcd with
        {
            Members = Observed<IReadOnlyList<Member>>.Of([Members.Of("ok", uri: "sip:10.0.0.2"), Members.Of("zz", uri: "sip:10.0.0.2:5060") with { State = MemberState.Draining }]),
        }),
        Severity.Warning,
        "sip:10.0.0.2 by 1/ok (ready) and 1/zz (draining)",
        "stop the announcer");

    [TestCase("sip:host5.test", "sip:10.0.0.7", true)]
    [TestCase("sip:host5.test:5060;transport=udp", "sip:other.test", true)]
    [TestCase("sip:host5.test:5070", "sip:10.0.0.7", false, Description = "another port")]
    [TestCase("sip:host5.test;transport=tcp", "sip:10.0.0.7", false, Description = "another transport")]
    [TestCase("sip:silent.test", "sip:10.0.0.7", false, Description = "nothing is known of it")]
    public void A_server_that_is_announced_by_a_host_name_and_by_its_address_is_told(string one, string other, bool isTold) => AssertFinding(
        AddressClaimsCheck.Of(Healthy.Etcd with
        {
            Members = Observed<IReadOnlyList<Member>>.Of([Members.Of("nn", uri: one), Members.Of("na", uri: other), Members.Of("elsewhere", set: 2, uri: "sip:10.0.0.7")]),
            Addresses = new Dictionary<string, IReadOnlyList<IPAddress>> { ["host5.test"] = [IPAddress.Parse("10.0.0.6"), IPAddress.Parse("10.0.0.7")], ["other.test"] = [IPAddress.Parse("10.0.0.7")] },
        }),
        isTold ? Severity.Warning : Severity.Ok,
        isTold ? $"10.0.0.7 is {one} of 1/nn (ready) and {other} of 1/na (ready)" : "one name",
        isTold ? "announce each server once" : null);

    [Test]
    public void Two_proxies_with_one_name_are_told()
    {
        var clashing = Healthy.Proxy with { Troubles = [new ProxyTrouble(TroubleKind.Name, Healthy.Now, "another proxy reports under the name edge")] };
        AssertFinding(
            ProxyNamesCheck.Of(Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy("edge", clashing, null)]) }),
            Severity.Error,
            "in turn under the name edge",
            "kamrpc dispatch --proxy NAME");
        AssertFinding(ProxyNamesCheck.Of(Healthy.Etcd), Severity.Ok, "1 proxy reports", null);
    }

    private static Finding Of(EndpointStatus status, string check) => EtcdChecks.Of(Healthy.Endpoint with { Status = status }).Single(finding => finding.Check == check);
}
