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

/// <summary>What the dispatchers say of themselves, and no other check tells.</summary>
internal sealed class ReportsCheckTests
{
    private static readonly ProxyStatus Fine = Healthy.Proxy;

    [Test]
    public void Reports_without_trouble_are_well()
    {
        AssertFinding(Of(new ReportingProxy("p1", Fine, null), new ReportingProxy("p2", Fine, null)), Severity.Ok, "the 2 proxies report no trouble", null);
        AssertFinding(Of(), Severity.Ok, "no proxy reports", null);
    }

    [Test]
    public void A_trouble_that_is_no_error_is_told_and_keeps_all_from_being_well()
    {
        var findings = AllChecks.Of(Healthy.Kamailio, Reports(new ReportingProxy("p1", Fine with { Troubles = [Trouble(TroubleKind.Duplicate, "set 1: sip:a: somebody else has put it there")] }, null)));

        var problem = findings.Single(static finding => finding.IsProblem);
        AssertFinding(problem, Severity.Warning, "p1: duplicate: set 1: sip:a: somebody else has put it there", "kamrpc status");
        Assert.That(problem.Check, Is.EqualTo("etcd.reports"));
    }

    [Test]
    public void What_another_check_tells_of_the_proxy_at_work_here_is_not_told_twice()
    {
        AssertFinding(Of(new ReportingProxy("p1", Fine with { Contact = new KamailioContact(false, Healthy.Now, "gone"), IsFromSnapshot = true, MoreHeld = 2, Troubles = [Trouble(TroubleKind.Brake, "x"), Trouble(TroubleKind.Name, "y"), Trouble(TroubleKind.Kamailio, "z")] }, null)), Severity.Ok, "no trouble", null);
        AssertFinding(Of(new ReportingProxy("p1", Fine with { Troubles = [Trouble(TroubleKind.Brake, "x"), Trouble(TroubleKind.Writer, "w")] }, null)), Severity.Error, "p1: writer: w", "kamrpc status");
        AssertFinding(Of(new ReportingProxy("p1", null, "revision: is no number")), Severity.Ok, "no trouble", null);
        AssertFinding(Of(new ReportingProxy("p1", Fine with { MoreQuarantined = 1 }, null)), Severity.Warning, "p1: 1 destination cannot be put into Kamailio", "kamrpc status");
    }

    [Test]
    public void A_dispatcher_that_hangs_is_an_error_here_and_elsewhere()
    {
        var hung = Fine with { Loop = new LoopStatus(LoopStep.Call, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30)) };
        AssertFinding(Of(new ReportingProxy("p1", hung, null)), Severity.Error, "p1: its dispatcher hangs, and follows nothing (call, for 60 s", "kamrpc status");
        AssertFinding(Another(hung), Severity.Error, "for 60 s of 30 s at most", "kamrpc status");
    }

    [Test]
    public void What_keeps_calls_from_where_they_belong_at_another_proxy_is_told()
    {
        AssertFinding(Another(Fine with { Contact = new KamailioContact(false, Healthy.Now, "refused\u001b[2J") }), Severity.Error, "p2: its Kamailio does not answer it (refused", "kamrpc status");
        Assert.That(Another(Fine with { Contact = new KamailioContact(false, Healthy.Now, "refused\u001b[2J") }).Text, Does.Not.Contain("\u001b"));
        AssertFinding(Another(Fine with { WrittenAt = Healthy.Now.AddSeconds(-40) }), Severity.Warning, "p2: its report is 40 s old", "kamrpc status");
        AssertFinding(Another(Fine with { Version = null }), Severity.Warning, "p2: it is an older kamrpc", "kamrpc status");
        AssertFinding(Another(Fine with { Contact = null }), Severity.Warning, "p2: it has not seen its Kamailio yet", "kamrpc status");
        AssertFinding(Another(Fine with { IsFromSnapshot = true }), Severity.Warning, "p2: it works from a saved membership", "kamrpc status");
        AssertFinding(Another(Fine with { MoreHeld = 3 }), Severity.Warning, "p2: it keeps 3 expired members in its list (PANIC)", "kamrpc status");
        AssertFinding(Another(Fine with { Deviations = [Deviation(DeviationKind.Inactive), Deviation(DeviationKind.Serving), Deviation(DeviationKind.Leaving)] }), Severity.Warning, "p2: 1 ready member without calls there, p2: 1 member to get no calls, and getting them there", "kamrpc status");
        AssertFinding(Of(new ReportingProxy("p1", Fine, null), new ReportingProxy("p2", null, "sets: no object")), Severity.Warning, "p2: its report cannot be read: sets: no object", "kamrpc status");
    }

    [Test]
    public void A_set_in_which_nobody_gets_calls_at_another_proxy_is_told()
    {
        AssertFinding(Another(Fine with { Sets = Fine.Sets.Add(7, new SetStatus(0, 0) { Wanted = 0, Serving = 0 }).Add(8, new SetStatus(2, 0) { Wanted = 2, Serving = 0 }) }), Severity.Warning, "p2: no destination of sets 7, 8 gets calls there", "kamrpc status");
        AssertFinding(Another(Fine with { Sets = Fine.Sets.Add(7, new SetStatus(1, 0)) }), Severity.Ok, "no trouble", null);
    }

    [Test]
    public void A_proxy_that_is_not_in_step_is_told_and_the_one_at_work_here_is_told_of_by_other_checks()
    {
        static Finding Lagging(string name, ProxyLag lag) => ReportsCheck.Of(
            Healthy.Kamailio, Reports(new ReportingProxy("p1", Fine, null), new ReportingProxy("p2", Fine, null)) with { Lags = new Dictionary<string, ProxyLag> { [name] = lag } });

        AssertFinding(Lagging("p2", new ProxyLag(3, 0, 0)), Severity.Warning, "p2: it is 3 revisions behind the newest member record, for 4 s or longer", "kamrpc status");
        AssertFinding(Lagging("p2", new ProxyLag(0, 1, 0)), Severity.Warning, "p2: it does not follow the members: it goes by 1 record more or fewer than etcd has", "kamrpc status");
        AssertFinding(Lagging("p2", new ProxyLag(0, 0, 2)), Severity.Warning, "p2: it owes its Kamailio 2 changes", "kamrpc status");
        AssertFinding(Lagging("p1", new ProxyLag(3, 1, 2)), Severity.Ok, "no trouble", null);
        AssertFinding(Another(Fine with { AppliedAt = Healthy.Now.AddSeconds(-40) }), Severity.Warning, "p2: it is at changes, and has not read its Kamailio's list for 40 s", "kamrpc status");
    }

    [Test]
    public void Who_has_caught_up_with_what_was_there_is_not_behind()
    {
        var followed = new FollowedMembers(57, 3);
        ClusterView View(long revision, ProxyStatus status, int records = 3) => new(revision, revision, [], [], [new ReportingProxy("p2", status, null)]) { MemberRecords = records };
        var behind = View(57, Fine with { Revision = 50, Drift = 2, Follows = new FollowedMembers(50, 3) });
        var lags = ProxyLag.In(behind);

        Assert.That(lags["p2"], Is.EqualTo(new ProxyLag(7, 0, 2)));
        Assert.That(ProxyLag.Lasting(lags, behind, View(60, Fine with { Revision = 57, Follows = followed })), Is.Empty, "there is something new by now");
        Assert.That(ProxyLag.Lasting(lags, behind, View(60, Fine with { Revision = 52, Drift = 1 })).Values, Is.EqualTo(new[] { new ProxyLag(5, 0, 1) }));

        var gone = View(57, Fine with { Revision = 57, Follows = followed }, records: 2);
        Assert.That(ProxyLag.In(gone)["p2"], Is.EqualTo(new ProxyLag(0, 1, 0)));
        Assert.That(ProxyLag.Lasting(ProxyLag.In(gone), gone, gone), Is.Not.Empty);
        Assert.That(ProxyLag.Lasting(ProxyLag.In(gone), gone, View(57, Fine with { Revision = 58, Follows = new FollowedMembers(58, 2) }, records: 2)), Is.Empty);

        Assert.That(ProxyLag.In(View(57, Fine with { Revision = 57, Drift = 1, MoreQuarantined = 1 })), Is.Empty, "what Kamailio refuses is told as that");
        Assert.That(ProxyLag.In(View(57, Fine with { Revision = 50, Contact = new KamailioContact(false, Healthy.Now, "gone") })), Is.Empty);
        Assert.That(ProxyLag.In(View(57, Fine with { Revision = 50, Loop = new LoopStatus(LoopStep.Call, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30)) })), Is.Empty);
    }

    [Test]
    public void Two_proxies_on_one_host_are_told()
    {
        static ReportingProxy On(string name, string machine) => new(name, Fine with { Identity = new ProxyIdentity(machine, "h", "jsonrpc+unix:/run/" + name, null) }, null);
        AssertFinding(ProxyHostsCheck.Of(Reports(On("p1", "m1"), On("p2", "m2"), new ReportingProxy("p3", Fine, null))), Severity.Ok, "no two proxies", null);
        AssertFinding(ProxyHostsCheck.Of(Reports(On("p1", "m1"), On("p2", "m1"))), Severity.Warning, "p1 (Kamailio at jsonrpc+unix:/run/p1), p2 (Kamailio at jsonrpc+unix:/run/p2) are on one host, h", "--ignore etcd.proxy-hosts");
    }

    [Test]
    public void Without_etcd_it_follows_from_that() => Assert.That(
        ReportsCheck.Of(Healthy.Kamailio, Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Not(new Trouble("etcd does not answer", "etcd.reachable")) }).Because, Is.EqualTo("etcd.reachable"));

    private static Finding Another(ProxyStatus status) => Of(new ReportingProxy("p1", Fine, null), new ReportingProxy("p2", status, null));

    private static Finding Of(params ReportingProxy[] proxies) => ReportsCheck.Of(Healthy.Kamailio, Reports(proxies));

    private static EtcdObservation Reports(params ReportingProxy[] proxies) => Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of(proxies) };

    private static ProxyTrouble Trouble(string kind, string text) => new(kind, Healthy.Now, text);

    private static Deviation Deviation(string kind) => new(kind, 1, "a", "sip:10.0.0.1:5060", Healthy.Now);
}
