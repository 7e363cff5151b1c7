using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Whether somebody keeps Kamailio in step: what is not seen is not said.</summary>
internal sealed class DispatcherCheckTests
{
    private static readonly KamailioObservation Alone = Healthy.Kamailio with { LockHolder = string.Empty, Mark = string.Empty };
    private static readonly EtcdObservation Empty = Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of([]) };

    [Test]
    public void Who_reports_that_Kamailio_answers_keeps_it_in_step()
    {
        AssertFinding(Of(Healthy.Kamailio), Severity.Ok, "kept in step by p1 (PID 7) on host h", null);
        AssertFinding(Of(Healthy.Kamailio with { LockHolder = string.Empty }), Severity.Ok, "kept in step by p1", null);
        AssertFinding(Of(Healthy.Kamailio with { Mark = string.Empty }), Severity.Ok, "kept in step by p1", null);
    }

    [Test]
    public void Who_reports_that_Kamailio_does_not_answer_does_not()
    {
        var report = Healthy.Proxy with { Contact = new KamailioContact(false, Healthy.Now.AddSeconds(-12), "permission denied") };
        AssertFinding(Of(Healthy.Kamailio, Report(report)), Severity.Error, "reports that Kamailio does not answer it: permission denied (for 12 s)", "the log of that kamrpc dispatch");
    }

    [Test]
    public void A_report_that_does_not_say_so_leaves_it_unknown()
    {
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { Contact = null, Version = null })), Severity.Unknown, "an older version", "install the same version");
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { Contact = null, Version = "0.1.0", WrittenAt = null })), Severity.Unknown, "an older version", "install the same version");
        var early = Of(Healthy.Kamailio, Report(Healthy.Proxy with { Contact = null, Version = "0.1.0" }));
        AssertFinding(early, Severity.Unknown, "by its report it has not seen it yet", "kamrpc doctor again in some seconds");
        Assert.That(early.Text, Does.Not.Contain("older version"));
        AssertFinding(Of(Healthy.Kamailio, Reports(new ReportingProxy("p1", null, "revision: is no number"))), Severity.Unknown, "cannot be read: revision: is no number", null);
    }

    [TestCase(10, Severity.Ok)]
    [TestCase(31, Severity.Warning)]
    public void A_report_older_than_its_rhythm_is_told(int seconds, Severity severity) =>
        Assert.That(Of(Healthy.Kamailio, Report(Healthy.Proxy with { WrittenAt = Healthy.Now.AddSeconds(-seconds) })).Severity, Is.EqualTo(severity));

    [Test]
    public void Changes_that_are_owed_are_told() =>
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { Drift = 2 })), Severity.Note, "owes it 2 changes", "kamrpc status");

    [Test]
    public void What_the_one_at_work_is_in_trouble_with_is_not_well()
    {
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { Troubles = [new ProxyTrouble(TroubleKind.Brake, Healthy.Now, "set 1: sip:a: changed without effect")] })), Severity.Error, "reports brake: set 1: sip:a", "kamrpc status");
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { IsFromSnapshot = true })), Severity.Warning, "works from a saved membership", "the log of that");
        AssertFinding(Of(Healthy.Kamailio, Report(Healthy.Proxy with { MoreHeld = 2 })), Severity.Warning, "keeps 2 expired members in its list (PANIC)", "kamrpc confirm");
    }

    [Test]
    public void Who_is_at_work_without_a_report_does_not_reach_etcd_or_has_ended()
    {
        AssertFinding(Of(Healthy.Kamailio, Reports()), Severity.Error, "has no report in etcd: it does not reach etcd", "the log");
        AssertFinding(Of(Healthy.Kamailio with { LockHolder = string.Empty }, Reports()), Severity.Error, "has left its mark in Kamailio and has no report in etcd: it has ended", "kamrpc dispatch");
    }

    [Test]
    public void Without_etcd_nobody_knows_what_the_one_at_work_reports()
    {
        var finding = Of(Healthy.Kamailio, Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Not(new Trouble("etcd does not answer", Causes.Etcd)) });
        AssertFinding(finding, Severity.Unknown, "p1 (PID 7) on host h for cluster default", null);
        Assert.That(finding.Because, Is.EqualTo("etcd.reachable"));
    }

    [Test]
    public void A_dispatcher_of_another_cluster_is_told() => AssertFinding(
        Of(Healthy.Kamailio with { Mark = "p1 (PID 7) on host h for cluster old, over x" }), Severity.Warning, "cluster default is what is examined", "kamrpc doctor --cluster old");

    [Test]
    public void Nobody_at_work_is_an_error_where_somebody_is_announced_and_a_note_where_nobody_is()
    {
        AssertFinding(Of(Alone), Severity.Error, "nobody brings 1 announced member into its list", "kamrpc dispatch");
        AssertFinding(Of(Alone, Empty), Severity.Note, "no kamrpc dispatch is at work", "kamrpc dispatch");
        AssertFinding(Of(Alone, Healthy.Etcd with { Sets = new HashSet<int> { 7 } }), Severity.Note, "no kamrpc dispatch is at work", "kamrpc dispatch");
    }

    [Test]
    public void A_mark_of_a_process_that_has_ended_is_nobodys() => AssertFinding(
        Of(Alone with { Mark = Healthy.Dispatcher, HasMarkerEnded = true }), Severity.Error, ": p1 (PID 7) on host h for cluster default, over jsonrpc+unix:/run/kamailio/kamailio_rpc.sock has left its mark, and has ended", "kamrpc dispatch");

    [Test]
    public void Where_it_may_not_look_nobody_at_work_is_not_said()
    {
        const string Hidden = "user nobody may not enter /run/kamailio (kamailio:kamailio, 0770), kamailio and root may";
        var silent = new KamailioObservation { Address = Healthy.Kamailio.Address, LockHolder = Observed<string>.Not(Hidden) };
        var finding = Of(silent);
        AssertFinding(finding, Severity.Unknown, Hidden, null);
        Assert.That(finding.Because, Is.EqualTo("kamailio.reachable"));
        finding = Of(silent with { LockHolder = string.Empty });
        AssertFinding(finding, Severity.Unknown, "whether somebody has left a mark in it is not known", null);
        Assert.That(finding.Because, Is.EqualTo("kamailio.reachable"));

        AssertFinding(Of(Alone with { LockHolder = Observed<string>.Not(Hidden) }), Severity.Error, "no kamrpc dispatch is at work on this Kamailio: nobody has left a mark in it;", "kamrpc dispatch");
        AssertFinding(Of(Alone with { LockHolder = Observed<string>.Not(Hidden), Mark = Observed<string>.Not("no table") }), Severity.Warning, Hidden, "loadmodule \"htable.so\"");
        Assert.That(Of(new KamailioObservation()).Because, Is.EqualTo("kamailio.reachable"));
    }

    [Test]
    public void A_Kamailio_without_a_place_for_the_mark_draws_the_lines_to_add() => AssertFinding(
        Of(Healthy.Kamailio with { Mark = Observed<string>.Not("htable.get: Kamailio answers 500 \"No such htable\"") }), Severity.Warning, "No such htable", "loadmodule \"htable.so\"");

    [Test]
    public void A_lock_whose_holder_cannot_be_read_is_somebodys_and_nothing_is_said_of_its_report()
    {
        const string Hidden = "somebody has its lock (PID 231); who that is, and what it reports, is not seen: user nobody may not read x";
        var locked = new KamailioObservation { Address = Healthy.Kamailio.Address, LockHolder = Observed<string>.Not(Hidden), LockPid = 231 };
        AssertFinding(Of(locked), Severity.Unknown, Hidden, "kamrpc doctor as Kamailio's user, or root");
        AssertFinding(Of(Alone with { LockHolder = Observed<string>.Not(Hidden), LockPid = 231 }), Severity.Unknown, Hidden, "kamrpc doctor as Kamailio's user");
        AssertFinding(Of(Healthy.Kamailio with { LockHolder = Observed<string>.Not(Hidden), LockPid = 231 }), Severity.Ok, "kept in step by p1", null);
    }

    [Test]
    public void A_dispatcher_that_is_stopped_is_told_as_that_and_not_as_one_without_etcd()
    {
        AssertFinding(Of(Healthy.Kamailio with { LockPid = 7, StoppedHolder = 7 }, Reports()), Severity.Error, "p1 (PID 7) on host h for cluster default, over jsonrpc+unix:/run/kamailio/kamailio_rpc.sock does nothing: PID 7 is stopped (state T)", "kill -CONT 7");
        AssertFinding(Of(Alone with { LockHolder = Observed<string>.Not("hidden"), LockPid = 7, StoppedHolder = 7 }), Severity.Error, "the dispatcher that has its lock does nothing: PID 7 is stopped", "kill -CONT 7");
    }

    private static Finding Of(KamailioObservation kamailio, EtcdObservation? etcd = null) => DispatcherCheck.Of(kamailio, etcd ?? Healthy.Etcd);

    private static EtcdObservation Report(ProxyStatus status) => Reports(new ReportingProxy("p1", status, null));

    private static EtcdObservation Reports(params ReportingProxy[] proxies) => Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of(proxies) };
}
