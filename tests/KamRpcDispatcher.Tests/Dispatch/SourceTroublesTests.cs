using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>What the log says of sources when it begins, a report says for as long as it lasts.</summary>
public class SourceTroublesTests
{
    private static readonly Membership Followed = new(1, [], [])
    {
        Sources = new Dictionary<int, string> { [1] = "file:/m.json" },
        Warnings = [new SourceWarning(3, "voice/asterisk has no EndpointSlices"), new SourceWarning(9, "nor has that")],
    };

    [TestCase(LeaveCause.Unsourced, "set 1: no --source brings it, and 2 members of before are held for --panic-hold: name it in a --source, unless it is to end")]
    [TestCase(LeaveCause.Emptied, "set 1: file:/m.json has nobody in it, and 2 members of before are held for --panic-hold: put them back, or give them \"state\": \"down\" there")]
    [TestCase(LeaveCause.Expired, null)]
    public void A_set_that_members_of_before_keep_up_is_one(LeaveCause cause, string? expected)
    {
        List<Member> held = [Members.Of("a"), Members.Of("b")];
        var left = held.ToDictionary(static member => member.Key, _ => cause);

        Assert.That(Texts(Followed with { Left = left, Warnings = [] }, held), Is.EqualTo(expected is null ? [] : new[] { expected }));
    }

    [Test]
    public void A_Service_without_endpoints_is_one_in_a_set_that_is_managed() =>
        Assert.That(Texts(Followed, []), Is.EqualTo(new[] { "set 3: voice/asterisk has no EndpointSlices" }));

    private static IEnumerable<string> Texts(Membership membership, IReadOnlyList<Member> held) =>
        SourceTroubles.Of(new CycleMembers(membership, held, []), new PlanPolicy("c") { Sets = new HashSet<int> { 1, 3 } }).Select(static one => one.Text);
}
