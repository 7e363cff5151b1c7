using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

public class ListedMemberTests
{
    private static readonly PlanPolicy Policy = new("c");

    private static readonly Member[] Some =
    [
        Members.Of("plain", uri: "sip:10.0.0.1:5060"),
        Members.Of("weighted", set: 7, uri: "sip:10.0.0.2:5080;transport=tcp") with { Weight = 30, Priority = 5 },
        Members.Of("rich", set: 0, uri: "sips:a.example.org") with
        {
            Priority = MemberValidation.MaxPriority,
            Attributes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, new Dictionary<string, string> { ["socket"] = "udp:10.0.0.9:5060", ["note"] = "one; two = 3", ["maxload"] = "5" }),
        },
    ];

    [TestCase(DestinationOrder.Priority)]
    [TestCase(DestinationOrder.Plain)]
    public void A_member_is_read_back_from_what_was_added_for_it_so_that_keeping_it_changes_nothing(DestinationOrder order)
    {
        var policy = Policy with { Order = order };
        var model = new ListModel([]);
        model.Apply(Planner.Plan(Some, [], policy).Changes);
        Assert.That(model.Entries, Has.Count.EqualTo(Some.Length));

        var read = ListedMember.In(model.Entries, policy);

        Assert.That(read.Select(static member => member.Key), Is.EquivalentTo(Some.Select(static member => member.Key)));
        Assert.That(Planner.Plan(read, model.Entries, policy).IsEmpty);
    }

    [Test]
    public void So_it_is_from_the_second_spelling_and_of_one_name_that_stands_there_twice_the_first_counts()
    {
        var listed = new[] { Own("a", "sip:10.0.0.1:5060;kamrpc"), Own("a", "sip:10.0.0.2:5060") };

        Assert.That(ListedMember.In(listed, Policy).Single().Uri.Text, Is.EqualTo("sip:10.0.0.1:5060"));
    }

    [TestCase(ListedState.Active, 1)]
    [TestCase(ListedState.Trying, 1)]
    [TestCase(ListedState.Inactive, 0)]
    [TestCase(ListedState.Disabled, 0)]
    public void Only_who_gets_calls_counts(ListedState state, int count) =>
        Assert.That(ListedMember.In([Own("a", "sip:10.0.0.1", state)], Policy), Has.Count.EqualTo(count));

    [TestCase(1, "sip:10.0.0.1", "duid=a;kamrpc=other", Description = "another cluster's")]
    [TestCase(1, "sip:10.0.0.1", "duid=a", Description = "an operator's")]
    [TestCase(1, "sip:10.0.0.1", "", Description = "an operator's")]
    [TestCase(1, "sip:10.0.0.1", "kamrpc=c", Description = "without a name")]
    [TestCase(1, "sip:10.0.0.1", "duid=a/b;kamrpc=c", Description = "a name that no member may have")]
    [TestCase(1, "sip:somebody@10.0.0.1", "duid=a;kamrpc=c", Description = "a URI that no member may have")]
    [TestCase(2, "sip:10.0.0.1", "duid=a;kamrpc=c", Description = "a set that is not served")]
    [TestCase(MemberKey.ReservedSet, "sip:10.0.0.1", "duid=a;kamrpc=c")]
    public void Whatever_else_is_there_is_no_member(int set, string uri, string attributes)
    {
        var entry = new ListedDestination(set, uri, ListedState.Active, true, 0, attributes);

        Assert.That(ListedMember.In([entry], Policy with { Sets = new HashSet<int> { 1, MemberKey.ReservedSet } }), Is.Empty);
    }

    [Test]
    public void What_cannot_be_shown_as_it_is_was_added_by_somebody_else() =>
        Assert.That(ListedMember.In([Own("a", "sip:10.0.0.1") with { IsExact = false }], Policy), Is.Empty);

    private static ListedDestination Own(string name, string uri, ListedState state = ListedState.Active) => new(1, uri, state, true, 0, AttributeText.Format(name, "c"));
}
