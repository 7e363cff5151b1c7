using Etcdserverpb;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>What a saved membership has of other sources is not another etcd's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class SavedSourcesTests
{
    private const int OfAnotherEtcd = 1037;
    private const int OfAnotherSource = 1089;

    private static readonly StoreIdentity Store = new(7, "http://10.0.0.5:2379");

    private readonly LogCapture<MembershipState> _log = new();
    private readonly MembershipState _state;

    public SavedSourcesTests() => _state = new MembershipState(new EtcdKeys("default"), Store.Endpoints, new FakeTimeProvider(), _log, static () => null);

    [Test]
    public void Members_of_a_file_are_told_as_such_and_kept_only_where_they_are()
    {
        Answer(new Membership(24, [Members.Of("a"), Members.Of("b")], []) { Sources = new Dictionary<int, string> { [1] = "file:/m.json" } });

        Assert.That(_log.Of(OfAnotherEtcd), Is.Empty);
        Assert.That(_log.Of(OfAnotherSource), Has.Count.EqualTo(1).And.All.Contain("The saved members of set 1 are of file:/m.json, and come from etcd"));
        Assert.That(_state.Current!.Expired.Select(static one => (one.Member.Key.Name, one.IsOfAnotherStore)), Is.EqualTo(new[] { ("a", true), ("b", true) }));
    }

    [Test]
    public void Beside_them_the_members_of_the_same_etcd_are_its_own()
    {
        Answer(new Membership(24, [Members.Of("a"), Members.Of("b", set: 2)], []) { Store = Store, Sources = new Dictionary<int, string> { [1] = "etcd", [2] = "kubernetes:voice/asterisk" } });

        Assert.That(_log.Of(OfAnotherEtcd), Is.Empty);
        Assert.That(_state.Current!.Expired.ToDictionary(static one => one.Member.Key.Name, static one => one.IsOfAnotherStore), Is.EqualTo(new Dictionary<string, bool> { ["a"] = false, ["b"] = true }));
    }

    [Test]
    public void Of_another_etcd_is_what_says_so()
    {
        Answer(new Membership(24, [Members.Of("a")], []) { Store = Store with { ClusterId = 8 } });

        Assert.That(_log.Of(OfAnotherEtcd), Has.Count.EqualTo(1));
        Assert.That(_log.Of(OfAnotherSource), Is.Empty);
    }

    [Test]
    public void Where_nobody_is_saved_of_its_sets_nothing_is_told()
    {
        Answer(new Membership(24, [], []));

        Assert.That(_log.Of(OfAnotherEtcd).Concat(_log.Of(OfAnotherSource)), Is.Empty);
    }

    private void Answer(Membership saved)
    {
        _state.Seed(saved);
        _state.Replace(new KeyListing([], 30, new ResponseHeader { ClusterId = Store.ClusterId, Revision = 30 }), wasAway: false);
    }
}
