using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Between a real table of members and Kamailio's list.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ListedBeforeTests
{
    private readonly MembershipTable _etcd = new(new EtcdKeys("c"), TimeProvider.System);
    private readonly ListedBefore _before;

    public ListedBeforeTests() => _before = New(new PlanPolicy("c"));

    [Test]
    public void Read_after_the_first_answer_a_list_tells_who_is_missing_there()
    {
        _etcd.RetainOnly(new HashSet<string>());

        Assert.That(_before.Observe(_etcd.At(1), List("a", "b")));
        Assert.That(Expired(), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void So_it_does_where_it_was_read_before_that_answer_while_a_saved_membership_stood_in()
    {
        var saved = new Membership(3, [Members.Of("a"), Members.Of("b")], []);
        Assert.That(_before.Observe(saved with { IsFromSnapshot = true }, List("a", "b", "newcomer")), Is.False);
        Assert.That(_etcd.At(0).Expired, Is.Empty);

        _etcd.Seed(saved);
        _etcd.RetainOnly(new HashSet<string>());
        Assert.That(_before.Observe(_etcd.At(5), List("a", "b", "newcomer")));
        Assert.That(Expired(), Is.EqualTo(new[] { "a", "b", "newcomer" }));
        Assert.That(PanicGuard.Held(Undoubted(), new PanicOptions(), TimeProvider.System.Mark()), Has.Count.EqualTo(2), "two of three is half and more");
    }

    [Test]
    public void What_comes_into_the_list_later_is_no_member()
    {
        _etcd.RetainOnly(new HashSet<string>());
        Assert.That(_before.Observe(_etcd.At(1), List()), Is.False);

        Assert.That(_before.Observe(_etcd.At(1), List("a", "b")), Is.False);
        Assert.That(Expired(), Is.Empty);
    }

    [Test]
    public void Sets_that_are_not_served_say_nothing()
    {
        _etcd.RetainOnly(new HashSet<string>());

        Assert.That(New(new PlanPolicy("c") { Sets = new HashSet<int> { 2 } }).Observe(_etcd.At(1), List("a")), Is.False);
    }

    [Test]
    public void Half_of_those_who_are_missing_is_kept_once_nobody_doubts_any_more()
    {
        _etcd.RetainOnly(new HashSet<string>());
        _before.Observe(_etcd.At(1), List("a", "b", "c", "d", "e"));
        Assert.That(PanicGuard.Held(_etcd.At(1), new PanicOptions(), TimeProvider.System.Mark()), Is.Empty);
        Assert.That(PanicGuard.Doubted(_etcd.At(1), TimeProvider.System.Mark(), static _ => true).Members, Has.Count.EqualTo(5));

        Assert.That(PanicGuard.Held(Undoubted(), new PanicOptions(), TimeProvider.System.Mark()), Has.Count.EqualTo(3));
    }

    private static DispatcherTable List(params string[] names) => new(
        new KamailioVersion(5, 6),
        new KamailioInstance("then", string.Empty),
        [.. names.Select(static name => new ListedDestination(1, Members.Of(name).Uri.Text, ListedState.Active, true, 0, AttributeText.Format(name, "c")))]);

    private ListedBefore New(PlanPolicy policy) => new(policy, listed => _etcd.SeedListed(listed) > 0);

    private IEnumerable<string> Expired() => _etcd.At(1).Expired.Select(static expired => expired.Member.Key.Name).Order();

    private Membership Undoubted() => _etcd.At(1) with { Expired = [.. _etcd.At(1).Expired.Select(static expired => expired with { DoubtedSince = null })] };
}
