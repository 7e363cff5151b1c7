using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What kamrpc added and nobody follows: never what a dispatcher follows, and never with the advice to write beside one.</summary>
internal sealed class OrphansCheckTests
{
    private const string Remove = "kamcmd dispatcher.remove 1 sip:10.0.0.1:5060, and so on";
    private const string Another = "kamrpc doctor --cluster old, if that cluster is the one that is served; else ";
    private const string Beside = "a --set that names their sets for the kamrpc dispatch that is at work here, or its log; or ";
    private const string Stop = "stop the kamrpc dispatch that is at work, " + Remove;

    private static readonly KamailioObservation Alone = Healthy.Kamailio with { LockHolder = string.Empty, Mark = string.Empty };
    private static readonly KamailioObservation Hidden = Healthy.Kamailio with { LockHolder = Observed<string>.Not("user nobody may not enter"), Mark = Observed<string>.Not("no table") };
    private static readonly EtcdObservation Nobody = Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of([]) };

    [Test]
    public void What_the_dispatcher_at_work_follows_for_another_cluster_than_the_examined_one_is_no_orphan()
    {
        var finding = OrphansCheck.Of(With(Healthy.Kamailio, "default"), Nobody with { Cluster = "nope" });

        AssertFinding(finding, Severity.Ok, "1 destination of kamrpc's, of cluster default, which the dispatcher at work here serves; cluster nope is what is examined", null);
    }

    [Test]
    public void Entries_of_a_cluster_that_nobody_serves_are_told_and_removed_by_nobody_beside_a_dispatcher()
    {
        AssertFinding(OrphansCheck.Of(With(Alone, "old"), Nobody), Severity.Warning, "a cluster that is not served here, and nobody follows what they are: set 1: sip:10.0.0.1:5060 (cluster old)", Another + Remove);
        AssertFinding(OrphansCheck.Of(With(Healthy.Kamailio, "old"), Healthy.Etcd), Severity.Warning, "(cluster old)", Another + Stop);
    }

    [Test]
    public void Whether_somebody_serves_them_is_not_said_where_it_is_not_seen()
    {
        AssertFinding(OrphansCheck.Of(With(Hidden, "old"), Nobody), Severity.Unknown, "whether a dispatcher serves it here is not seen", "kamrpc doctor --cluster old");
        AssertFinding(OrphansCheck.Of(With(Hidden with { LockPid = 231 }, "old"), Nobody), Severity.Unknown, "not seen", "kamrpc doctor --cluster old");
        Assert.That(OrphansCheck.Of(With(Hidden, "old"), Nobody).Fix, Does.Not.Contain("kamcmd"));
    }

    [Test]
    public void Entries_of_the_examined_cluster_without_a_member_are_told()
    {
        AssertFinding(OrphansCheck.Of(With(Alone, "default"), Nobody), Severity.Warning, "no member has their address any more, and they take calls: set 1: sip:10.0.0.1:5060", $"kamrpc dispatch with a --set that names their sets; or {Remove}");
        AssertFinding(OrphansCheck.Of(With(Healthy.Kamailio, "default"), Nobody), Severity.Warning, "no member has their address any more", Beside + Stop);
        AssertFinding(OrphansCheck.Of(With(Hidden, "default"), Nobody), Severity.Warning, "no member has their address any more", Beside + Stop);
        AssertFinding(OrphansCheck.Of(With(Healthy.Kamailio, "default"), Healthy.Etcd), Severity.Ok, "1 destination of kamrpc's, each with a member", null);
    }

    [Test]
    public void Whoever_stands_in_a_class_is_an_orphan_only_where_nobody_has_its_address()
    {
        var kamailio = With(Alone, "default");
        Assert.That(kamailio.List.Try(out var list, out _));
        var classes = kamailio with { List = Healthy.List([.. list!.Destinations, .. list.Destinations.Select(static one => one with { Set = ClassSets.Base + 2 })]) };

        AssertFinding(OrphansCheck.Of(classes, Healthy.Etcd), Severity.Ok, "2 destinations of kamrpc's, each with a member", null);
        AssertFinding(OrphansCheck.Of(classes, Nobody), Severity.Warning, "set 1: sip:10.0.0.1:5060, set 1000002: sip:10.0.0.1:5060", $"kamrpc dispatch with a --set that names their sets; or {Remove}");
    }

    /// <summary>It takes the calls of its set until the new address can be put into Kamailio: nobody is told to remove it.</summary>
    [Test]
    public void An_entry_whose_member_came_with_another_address_that_is_not_listed_is_no_orphan()
    {
        var moved = Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of([Members.Of("a", uri: "sip:[fd00::12]:5060")]) };
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1:5060") with { Attributes = "kamrpc=default;duid=a", Duid = "a", State = DestinationState.Active }) };

        var finding = OrphansCheck.Of(kamailio, moved);

        AssertFinding(finding, Severity.Warning, "came with another address, which is not in Kamailio's list, and they take calls until it is: set 1: sip:10.0.0.1:5060", "kamrpc explain");
        Assert.That(finding.Fix, Does.Not.Contain("remove"));
    }

    private static KamailioObservation With(KamailioObservation kamailio, string cluster) =>
        kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1:5060") with { Attributes = $"kamrpc={cluster}", State = DestinationState.Active }) };
}
