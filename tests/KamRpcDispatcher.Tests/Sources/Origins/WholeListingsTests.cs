using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Origins;

public class WholeListingsTests
{
    private readonly FakeTimeProvider _time = new();
    private WholeListings _listings = null!;

    [SetUp]
    public void Begin() => _listings = new WholeListings(_time);

    [Test]
    public void Nothing_is_known_before_the_first_listing() => Assert.That(_listings.Current, Is.Null);

    [Test]
    public void A_listing_without_anybody_is_a_membership()
    {
        Assert.That(_listings.Replace([], []), Is.True);
        Assert.That(_listings.Current, Is.Not.Null);
    }

    [Test]
    public void The_same_listing_again_is_no_change()
    {
        Replace("a", "b");
        var before = _listings.Current;

        Assert.That(_listings.Replace([Members.Of("b"), Members.Of("a")], []), Is.False);
        Assert.That(_listings.Current, Is.SameAs(before));
    }

    [Test]
    public void The_revision_grows_with_every_change()
    {
        Replace("a");
        var first = _listings.Current!.Revision;
        Replace("a", "b");

        Assert.That(_listings.Current.Revision, Is.GreaterThan(first));
    }

    [Test]
    public void Who_leaves_a_set_in_which_others_stay_is_withdrawn()
    {
        Replace("a", "b", "c");
        Replace("a");

        Assert.That(_listings.Current!.Left.Values, Is.EqualTo(new[] { LeaveCause.Withdrawn, LeaveCause.Withdrawn }));
        Assert.That(_listings.Current.Expired, Is.Empty);
    }

    [Test]
    public void All_of_a_set_at_once_have_expired_from_a_set_of_that_size()
    {
        Replace("a", "b", "c");
        _listings.Replace([Members.Of("d", set: 2)], []);

        Assert.That(_listings.Current!.Expired.Select(static one => (one.Member.Key.Name, one.SetSize)), Is.EqualTo(new[] { ("a", 3), ("b", 3), ("c", 3) }));
    }

    [Test]
    public void Who_was_not_ready_has_not_expired()
    {
        _listings.Replace([Members.Of("a") with { State = MemberState.Down }, Members.Of("b")], []);
        _listings.Replace([], []);

        Assert.That(_listings.Current!.Expired.Select(static one => one.Member.Key.Name), Is.EqualTo(new[] { "b" }));
        Assert.That(_listings.Current.Expired[0].SetSize, Is.EqualTo(1));
        Assert.That(_listings.Current.Left[new MemberKey(1, "a")], Is.EqualTo(LeaveCause.Emptied));
    }

    [Test]
    public void Whom_an_operator_drains_has_not_expired_and_is_no_part_of_what_its_set_was()
    {
        var drain = new Intent(new MemberKey(1, "a")) { IsDrained = true };
        _listings = new WholeListings(_time, () => OperatorIntents.Unknown with { ByMember = new Dictionary<MemberKey, Intent> { [drain.Key] = drain } });
        Replace("a", "b", "c");
        _listings.Replace([], []);

        Assert.That(_listings.Current!.Expired.Select(static one => (one.Member.Key.Name, one.SetSize)), Is.EqualTo(new[] { ("b", 2), ("c", 2) }));
    }

    [Test]
    public void Who_is_back_is_remembered_as_part_of_the_event()
    {
        Replace("a", "b");
        _listings.Replace([], []);
        Replace("a");

        Assert.That(_listings.Current!.Expired.Select(static one => one.Member.Key.Name), Is.EqualTo(new[] { "b" }));
        Assert.That(_listings.Current.Returned.Select(static one => one.Member.Key.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(_listings.Current.Left.Keys, Is.EqualTo(new[] { new MemberKey(1, "b") }));
    }

    [Test]
    public void An_origin_may_say_itself_how_somebody_went()
    {
        Replace("a", "b");
        _listings.Replace([Members.Of("a")], [], static _ => LeaveCause.Expired);

        Assert.That(_listings.Current!.Expired, Has.Count.EqualTo(1));
    }

    [Test]
    public void Attributes_that_are_equal_are_no_change_and_others_are()
    {
        var member = Members.Of("a");
        _listings.Replace([member with { Labels = member.Labels.Add("zone", "x") }], []);

        Assert.That(_listings.Replace([member with { Labels = member.Labels.Add("zone", "x") }], []), Is.False);
        Assert.That(_listings.Replace([member with { Labels = member.Labels.Add("zone", "y") }], []), Is.True);
    }

    [Test]
    public void A_daemon_that_starts_anew_compares_with_what_was_saved_and_counts_on()
    {
        _listings.Seed(new Membership(7, [Members.Of("a"), Members.Of("b")], []));
        Assert.That(_listings.Current, Is.Null);
        Replace("b");

        Assert.That(_listings.Current!.Revision, Is.GreaterThan(7));
        Assert.That(_listings.Current.Left, Contains.Key(new MemberKey(1, "a")));
    }

    [Test]
    public void Who_gets_calls_by_Kamailios_list_and_is_not_there_went_while_nobody_watched()
    {
        _listings.Replace([Members.Of("a"), Members.Of("new", uri: "sip:b.example.org:5060")], []);

        // b has another name by now; c was taken out; the whole of set 2 is gone.
        Assert.That(_listings.SeedListed([Members.Of("a"), Members.Of("b"), Members.Of("c"), Members.Of("d", set: 2), Members.Of("e", set: 2)]), Is.True);
        Assert.That(_listings.Current!.Members.Select(static member => member.Key.Name), Is.EqualTo(new[] { "a", "new" }));
        Assert.That(_listings.Current.Expired.Select(static one => one.Member.Key.Name), Is.EqualTo(new[] { "d", "e" }));
        Assert.That(_listings.SeedListed([Members.Of("a")]), Is.False);
    }

    private void Replace(params string[] names) => _listings.Replace([.. names.Select(static name => Members.Of(name))], []);
}
