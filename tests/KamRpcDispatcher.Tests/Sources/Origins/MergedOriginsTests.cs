using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Origins;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Origins;

public class MergedOriginsTests
{
    private readonly StubOrigin _etcd = new();
    private readonly StubOrigin _file = new();
    private MergedOrigins _merged = null!;

    [SetUp]
    public void Begin()
    {
        (_etcd.Current, _file.Current) = (null, null);
        (_etcd.Away, _file.Away) = (null, null);
        _merged = new MergedOrigins([new FollowedOrigin(new EtcdOrigin(), _etcd), new FollowedOrigin(new FileOrigin("/m.json", [2]), _file)]);
    }

    [Test]
    public void Members_of_all_are_one_membership_at_etcds_revision()
    {
        _etcd.Current = Of(41, Members.Of("a"));
        _file.Current = Of(3, Members.Of("b", set: 2));

        var first = _merged.Current!;
        Assert.That(first.Members.Select(static member => member.Key.ToString()), Is.EqualTo(new[] { "1/a", "2/b" }));
        Assert.That(first.Revision, Is.EqualTo(41));
        Assert.That(_merged.Current, Is.SameAs(first));
    }

    [Test]
    public void A_member_of_a_set_that_is_anothers_is_left_out_and_said_so()
    {
        _etcd.Current = Of(1, Members.Of("a"), Members.Of("stranger", set: 2));
        _file.Current = Of(1, Members.Of("b", set: 2), Members.Of("c"));

        Assert.That(_merged.Current!.Members.Select(static member => member.Key.ToString()), Is.EqualTo(new[] { "1/a", "2/b" }));
        Assert.That(_merged.Current.Rejected.Select(static record => $"{record.Key} {record.Reason}"), Is.EqualTo(new[]
        {
            "etcd: 2/stranger its set comes from file:/m.json by --source, and has one source",
            "file:/m.json: 1/c its set comes from etcd by --source, and has one source",
        }));
    }

    [Test]
    public void There_is_none_before_all_have_told_theirs()
    {
        _etcd.Current = Of(1, Members.Of("a"));

        Assert.That(_merged.Current, Is.Null);
    }

    [Test]
    public void One_that_does_not_tell_is_stood_in_for_by_what_it_told_last()
    {
        _merged.Seed(Of(9, Members.Of("a"), Members.Of("b", set: 2)));
        Assert.That(_merged.Current, Is.Null);
        _etcd.Current = Of(10, Members.Of("new"));

        Assert.That(_merged.Current!.Members.Select(static member => member.Key.ToString()), Is.EqualTo(new[] { "1/new", "2/b" }));
        Assert.That(_file.Seeded!.Members.Single().Key.ToString(), Is.EqualTo("2/b"));
    }

    [Test]
    public void Whose_members_are_the_saved_ones_is_said_until_it_has_told_its_own()
    {
        _merged.Seed(Of(9, Members.Of("a"), Members.Of("b", set: 2)));
        _file.Current = Of(10, Members.Of("b", set: 2));
        Assert.That((_merged.Current!.HasSaved, _merged.Current.IsFromSnapshot), Is.EqualTo((true, false)), "the file is followed");
        Assert.That(_merged.Current.SavedOnly, Is.EqualTo(new[] { "etcd" }));

        _etcd.Current = Of(11, Members.Of("a"));
        Assert.That(_merged.Current.HasSaved, Is.False);
    }

    [Test]
    public void Without_etcd_the_revision_counts_the_changes_of_all()
    {
        _merged = new MergedOrigins([new FollowedOrigin(new FileOrigin("/a.json", [1]), _etcd), new FollowedOrigin(new FileOrigin("/b.json", [2]), _file)]);
        _merged.Seed(Of(50));
        (_etcd.Current, _file.Current) = (Of(1, Members.Of("a")), Of(1));
        var first = _merged.Current!.Revision;
        _file.Current = Of(2, Members.Of("b", set: 2));

        Assert.That(first, Is.GreaterThan(50));
        Assert.That(_merged.Current!.Revision, Is.EqualTo(first + 1));
    }

    [Test]
    public void Whoever_is_away_is_told()
    {
        _file.Away = new StoreOutage(DateTimeOffset.UnixEpoch, "gone") { Store = "file:/m.json" };

        Assert.That(_merged.Away!.Store, Is.EqualTo("file:/m.json"));
    }

    [Test]
    public void Whom_a_list_shows_is_told_to_the_origin_of_its_set_once_that_has_told_its_members()
    {
        _etcd.Current = Of(1, Members.Of("a"));
        _merged.SeedListed([Members.Of("x"), Members.Of("y", set: 2)]);

        Assert.That(_etcd.Listed!.Select(static member => member.Key.Name), Is.EqualTo(new[] { "x" }));
        Assert.That(_file.Listed, Is.Null);
    }

    [Test]
    public void Whose_each_set_is_is_known_and_stays_so_as_long_as_its_origin_has_not_told_it()
    {
        _merged.Seed(Of(9, Members.Of("a"), Members.Of("b", set: 2)) with { Sources = new Dictionary<int, string> { [1] = "file:/old.json", [2] = "file:/old.json" } });
        _etcd.Current = Of(10, Members.Of("new"));
        Assert.That(_merged.Current!.Sources, Is.EqualTo(new Dictionary<int, string> { [1] = "etcd", [2] = "file:/old.json" }));

        _file.Current = Of(1, Members.Of("c", set: 2));
        Assert.That(_merged.Current!.Sources[2], Is.EqualTo("file:/m.json"));
    }

    private static Membership Of(long revision, params Member[] members) => new(revision, members, []);

    private sealed class StubOrigin : IMemberOrigin
    {
        public Membership? Current { get; set; }

        public StoreOutage? Away { get; set; }

        public TimeSpan? HeardAgo => null;

        public Membership? Seeded { get; private set; }

        public IReadOnlyList<Member>? Listed { get; private set; }

        public void Seed(Membership before) => Seeded = before;

        public bool SeedListed(IReadOnlyList<Member> listed)
        {
            Listed = listed;
            return true;
        }

        public Task RunAsync(Action changed, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
