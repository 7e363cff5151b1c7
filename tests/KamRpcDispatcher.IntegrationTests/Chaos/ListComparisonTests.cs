using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>The chaos test is worth what its comparison sees.</summary>
public class ListComparisonTests
{
    private static readonly FakeDestination Foreign = new(1, "sip:127.0.0.9:5060", "AP", 7, "duid=operator");
    private static readonly FakeDestination A = Own("sip:127.0.0.1:5060");
    private static readonly FakeDestination B = Own("sip:127.0.0.2:5060");
    private static readonly ExpectedMember MemberA = new(1, "a", A.Uri) { Mark = "10", IsReady = true };
    private static readonly ExpectedMember MemberB = new(1, "b", B.Uri) { Mark = "10", IsReady = true };

    [Test]
    public void Equality_is_no_difference() => Assert.That(Differences([A, B, Foreign]), Is.Empty);

    [Test]
    public void A_destination_that_kamailio_found_dead_is_no_difference() =>
        Assert.That(Differences([A, B with { Flags = "IP" }, Foreign]), Is.Empty);

    [Test]
    public void An_own_entry_may_have_the_second_spelling_and_a_foreign_one_may_not() => Assert.Multiple(() =>
    {
        Assert.That(Differences([A, B with { Uri = B.Uri + ";kamrpc" }, Foreign]), Is.Empty);
        Assert.That(Differences([A, B, B with { Uri = B.Uri + ";kamrpc" }, Foreign]), Has.Some.Contains("stands 2 times"));
        Assert.That(Differences([A, B, Foreign with { Uri = Foreign.Uri + ";kamrpc" }]), Has.Some.Contains("foreign"));
    });

    [Test]
    public void A_foreign_entry_that_Kamailio_found_dead_is_no_difference_and_one_that_was_brought_to_life_is() => Assert.Multiple(() =>
    {
        Assert.That(Differences([A, B, Foreign with { Flags = "IP" }]), Is.Empty);
        Assert.That(ListComparison.Differences([A, B, Foreign], [MemberA, MemberB], [Foreign with { Flags = "IP" }], leavingMayStay: true), Has.Some.Contains("foreign"));
    });

    [Test]
    public void Every_difference_is_seen() => Assert.Multiple(() =>
    {
        Assert.That(Differences([A, Foreign]), Has.Some.Contains("is in etcd and not enabled"), "missing");
        Assert.That(Differences([A, B with { Flags = "DX" }, Foreign]), Has.Some.Contains("is in etcd and not enabled"), "disabled");
        Assert.That(Differences([A, B, Own("sip:127.0.0.3:5060"), Foreign]), Has.Some.Contains("is enabled and not in etcd"), "too many");
        Assert.That(Differences([A, B with { Attrs = "kamrpc=default;weight=20" }, Foreign]), Has.Count.EqualTo(2), "another weight");
        Assert.That(Differences([A, B with { Set = 2 }, Foreign]), Has.Count.EqualTo(2), "another set");
        Assert.That(Differences([A, B, B with { Flags = "DX" }, Foreign]), Has.Some.Contains("stands 2 times"), "a copy");
        Assert.That(Differences([A, B]), Has.Some.Contains("foreign"), "the operator's is gone");
        Assert.That(Differences([A, B, Foreign with { Flags = "DX" }]), Has.Some.Contains("foreign"), "the operator's is disabled");
        Assert.That(Differences([A, Foreign, B]), Has.Some.Contains("behind foreign"), "the operator's has another place");
    });

    [Test]
    public void One_that_left_may_be_there_disabled_for_a_time_only()
    {
        var left = Own("sip:127.0.0.3:5060") with { Flags = "DX" };

        Assert.That(Differences([A, B, left, Foreign]), Is.Empty);
        Assert.That(Differences([A, B, left, Foreign], leavingMayStay: false), Has.Some.Contains("still there"));
    }

    [Test]
    public void A_drained_member_may_be_there_disabled_and_not_enabled()
    {
        ExpectedMember[] members = [MemberA, MemberB with { IsReady = false }];

        Assert.That(ListComparison.Differences([A, B with { Flags = "DX" }, Foreign], members, [Foreign], leavingMayStay: false), Is.Empty);
        Assert.That(ListComparison.Differences([A, B, Foreign], members, [Foreign], leavingMayStay: false), Has.Some.Contains("not in etcd"));
    }

    private static IReadOnlyList<string> Differences(FakeDestination[] list, bool leavingMayStay = true) =>
        ListComparison.Differences(list, [MemberA, MemberB], [Foreign], leavingMayStay);

    private static FakeDestination Own(string uri) => new(1, uri, "AP", 1000, "rack=10;kamrpc=default");
}
