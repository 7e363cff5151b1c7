using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>A set that everybody has left is missed, since Kamailio's routing may still use it.</summary>
public class ServedSetsTests
{
    private static readonly Member A = Members.Of("a", set: 7);

    [Test]
    public void A_set_is_missed_from_when_nothing_is_left_of_it_until_somebody_is_there_again()
    {
        var sets = new ServedSets(new PlanPolicy("c"));

        Assert.That(Observe(sets, []), Is.Empty, "nobody knows of a set in which nobody was");
        Assert.That(Observe(sets, [A]), Is.Empty);
        Assert.That(Observe(sets, [], Entry(7, "c")), Is.Empty, "it is still being taken out");
        Assert.That(Observe(sets, []), Is.EqualTo(new[] { 7 }));
        Assert.That(Observe(sets, []), Is.EqualTo(new[] { 7 }));
        Assert.That(Observe(sets, [A]), Is.Empty);
    }

    [Test]
    public void What_the_daemon_before_left_in_the_list_was_in_use()
    {
        var sets = new ServedSets(new PlanPolicy("c"));
        Observe(sets, [], Entry(7, "c"), Entry(8, "another"), new ListedDestination(9, "sip:x", ListedState.Active, true, 0, string.Empty));

        Assert.That(Observe(sets, []), Is.EqualTo(new[] { 7 }), "nobody else's entries are missed");
    }

    [Test]
    public void One_that_was_never_ready_had_no_calls_and_one_that_is_not_managed_is_nobodys_business()
    {
        var sets = new ServedSets(new PlanPolicy("c") { Sets = new HashSet<int> { 1, 7 } });
        Observe(sets, [A with { State = MemberState.Down }, Members.Of("b", set: 2)]);

        Assert.That(Observe(sets, []), Is.Empty);
    }

    [Test]
    public void Of_any_number_the_last_ones_are_remembered()
    {
        var sets = new ServedSets(new PlanPolicy("c"));
        for (var set = 1; set <= ServedSets.Most + 2; set++)
        {
            Observe(sets, [Members.Of("a", set)]);
        }

        Assert.That(Observe(sets, []), Is.EquivalentTo(Enumerable.Range(3, ServedSets.Most)));
    }

    private static IReadOnlySet<int> Observe(ServedSets sets, Member[] members, params ListedDestination[] listed) =>
        sets.Observe(members, new DispatcherTable(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), new KamailioInstance("then", string.Empty), listed));

    private static ListedDestination Entry(int set, string cluster) => new(set, "sip:10.0.0.1:5060", ListedState.Disabled, false, 0, $"duid=a;kamrpc={cluster}");
}
