using System.Net;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class SilenceReportTests
{
    private const int All = 1311;
    private const int Served = 1317;
    private const int Others = 1318;
    private const int Nobody = 1324;
    private const int NotSure = 1325;
    private const int NobodyServes = 1328;

    private static readonly MemberKey A = new(1, "a");
    private static readonly MemberKey B = new(1, "b");
    private static readonly MemberKey C = new(1, "c");

    private readonly LogCapture<AnnouncerDaemon> _log = new();

    [Test]
    public void When_all_are_silenced_that_is_one_sentence()
    {
        Assert.That(Tell(2, [], []), Is.True);

        Assert.That(_log.Of(All).Single(), Is.EqualTo("Every live proxy (2) has stopped sending calls"));
        Assert.That(Told(), Is.EqualTo(1));
    }

    [Test]
    public void Those_that_somebody_else_has_are_not_said_to_get_no_calls()
    {
        Assert.That(Tell(2, [], [A]), Is.False);

        Assert.That(_log.Of(Others).Single(), Is.EqualTo("Every live proxy (2) has stopped sending calls to the others: 1/b, 1/c"));
        Assert.That(Told(), Is.EqualTo(1));
    }

    [Test]
    public void Nor_are_those_whose_address_another_name_serves()
    {
        Assert.That(
            Tell(2, [new SupersededMember(B, new MemberKey(1, "ok"), IsServed: true), new SupersededMember(C, new MemberKey(1, "ok"), IsServed: false), new SupersededMember(A, new MemberKey(1, "ok"), IsServed: true)], [A]),
            Is.False);

        Assert.That(_log.Of(Served).Single(), Does.StartWith("1/b leaves, and another name announces this address (1/ok)"));
        Assert.That(_log.Of(Others).Single(), Does.EndWith("to the others: 1/c"));
        Assert.That(Told(), Is.EqualTo(2));
    }

    [Test]
    public void A_member_leaves_whose_server_is_announced_by_a_host_name_too()
    {
        var addresses = new Dictionary<string, IReadOnlyList<IPAddress>> { ["host5.test"] = [IPAddress.Parse("10.0.0.7")] };
        Member[] own = [Members.Of("na", uri: "sip:10.0.0.7"), Members.Of("a", uri: "sip:10.0.0.8")];

        Assert.That(OtherNames.Shared(own, [Members.Of("nn", uri: "sip:host5.test"), Members.Of("b", uri: "sip:10.0.0.9")], addresses), Is.EqualTo(new[] { new SupersededMember(new MemberKey(1, "na"), new MemberKey(1, "nn"), IsServed: true) { IsLeaving = true } }));
        Assert.That(OtherNames.Shared([.. own, Members.Of("nn", uri: "sip:host5.test")], [], addresses), Is.Empty, "both leave");
    }

    [Test]
    public void Where_none_is_left_nothing_is_said_of_any()
    {
        Tell(2, [], [A, B, C]);

        Assert.That(Told(), Is.Zero);
    }

    [Test]
    public void Where_no_proxy_reports_nobody_knows()
    {
        Assert.That(Tell(0, [], []), Is.False);

        Assert.That(_log.Of(Nobody).Single(), Does.Contain("whether calls still come is not known"));
        Assert.That(Told(), Is.EqualTo(1));
    }

    [Test]
    public void Those_of_a_set_that_no_proxy_which_reports_serves_are_not_said_to_get_no_calls()
    {
        var other = new MemberKey(5, "a");
        SilenceReport.Tell(new Acknowledgement(1, [], []) { Unserved = new HashSet<int> { 5 } }, [A, other], new HashSet<MemberKey>(), _log);
        SilenceReport.Tell(new Acknowledgement(1, [], []) { Unserved = new HashSet<int> { 5 } }, [other], new HashSet<MemberKey>(), _log);

        Assert.That(_log.Of(NobodyServes), Has.Count.EqualTo(2).And.All.Contains("(1) serves the set of 5/a: whether calls still come there is not known"));
        Assert.That(_log.Of(Others).Single(), Does.EndWith("to the others: 1/a"));
        Assert.That(Told(), Is.EqualTo(1));
    }

    [Test]
    public void A_crowd_is_not_told_by_name()
    {
        SilenceReport.Tell(new Acknowledgement(1, [], []), [A, .. Enumerable.Range(0, 500).Select(static number => new MemberKey(2, $"m{number}"))], new HashSet<MemberKey> { A }, _log);

        Assert.That(_log.Of(Others).Single(), Does.EndWith("and 480 more").And.Length.LessThan(300));
    }

    [Test]
    public void Where_a_report_has_no_room_for_the_names_of_all_that_leave_nothing_is_said_of_those_that_it_does_not_name()
    {
        SilenceReport.Tell(new Acknowledgement(2, [], [new SupersededMember(B, new MemberKey(1, "ok"), IsServed: true)], Unnamed: 4900), [A, B], new HashSet<MemberKey>(), _log);

        Assert.That(_log.Of(Served).Single(), Does.StartWith("1/b leaves"));
        Assert.That(_log.Of(NotSure).Single(), Does.Contain("4900 members").And.Contain("not known: 1/a."));
        Assert.That(Told(), Is.EqualTo(1));
    }

    private bool Tell(int proxies, SupersededMember[] superseded, HashSet<MemberKey> occupied) => SilenceReport.Tell(new Acknowledgement(proxies, [], superseded), [A, B, C], occupied, _log);

    private int Told() => _log.Of(All).Count + _log.Of(Served).Count + _log.Of(Others).Count + _log.Of(Nobody).Count;
}
