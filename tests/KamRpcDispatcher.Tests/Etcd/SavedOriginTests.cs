using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class SavedOriginTests
{
    private static readonly Membership Saved = new(42, [Members.Of("a") with { CreatedRevision = 5 }, Members.Of("b") with { CreatedRevision = 6 }], []);

    [Test]
    public void One_that_says_of_which_etcd_it_is_goes_by_that_alone()
    {
        var saved = Saved with { Store = new StoreIdentity(7, "http://10.0.0.5:2379") };
        Assert.That(SavedOrigin.IsOf(saved, 7, static _ => null), "all of its members may be gone");
        Assert.That(SavedOrigin.IsOf(saved, 8, static _ => 5), Is.False);
    }

    [Test]
    public void One_of_the_version_before_is_of_the_store_that_holds_one_of_its_members_still()
    {
        Assert.That(SavedOrigin.IsOf(Saved, 7, Holding("a", 5)));
        Assert.That(SavedOrigin.IsOf(Saved, 7, Holding("a", 9)), Is.False, "another key of the same name");
        Assert.That(SavedOrigin.IsOf(Saved, 7, Holding("x", 5)), Is.False);
        Assert.That(SavedOrigin.IsOf(Saved with { Members = [Members.Of("a")] }, 7, Holding("a", 0)), Is.False, "which key it was is not known");
    }

    [TestCase(7ul, 41, false)]
    [TestCase(7ul, 43, true)]
    [TestCase(8ul, 43, false, Description = "another proxy's, as a rule")]
    public void Of_two_that_say_of_which_etcd_they_are_the_revision_tells_which_is_newer(ulong clusterId, long revision, bool isLater)
    {
        var own = Saved with { Store = new StoreIdentity(7, "http://10.0.0.5:2379") };
        var earlier = Saved with { Revision = revision, Store = new StoreIdentity(clusterId, "http://10.0.0.5:2379") };
        Assert.That(SavedOrigin.IsLater(earlier, own, isWrittenLater: !isLater), Is.EqualTo(isLater));
    }

    private static Func<MemberKey, long?> Holding(string name, long created) => key => key == new MemberKey(1, name) ? created : null;
}
