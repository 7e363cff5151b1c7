using System.Text.Json.Nodes;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Kubernetes;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

public class EndpointTableTests
{
    private FakeTimeProvider _time = null!;
    private EndpointTable _table = null!;

    [SetUp]
    public void Begin()
    {
        _time = new FakeTimeProvider();
        _table = new EndpointTable(_time);
    }

    [Test]
    public void A_replacement_of_the_same_size_is_another_membership()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        var before = _table.Current!;

        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("c", "10.0.0.3"));

        Assert.That(_table.Current!.Revision, Is.GreaterThan(before.Revision));
        Assert.That(Names(), Is.EqualTo(new[] { "a", "c" }));
        Assert.That(_table.Current.Left[new MemberKey(1, "b")], Is.EqualTo(LeaveCause.Withdrawn), "another one took its place");
    }

    [Test]
    public void That_a_Service_has_no_slices_is_told_for_as_long_as_it_is_so()
    {
        _table.Replace(Slices.Merge());
        Assert.That(_table.Current!.Warnings.Single(), Is.EqualTo(new SourceWarning(1, "voice/asterisk has no EndpointSlices: is there a Service of that name, in that namespace, and with a selector?")));

        Assert.That(_table.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1"))), Is.True);
        Assert.That(_table.Current.Warnings, Is.Empty);
    }

    [Test]
    public void An_endpoint_that_only_moves_is_no_change()
    {
        _table.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")), SliceText.Slice("asterisk", "s2")));
        var before = _table.Current;

        Assert.That(_table.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")), SliceText.Slice("asterisk", "s2", SliceText.Ready("a", "10.0.0.1")))), Is.False);
        Assert.That(_table.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1"), SliceText.Slice("asterisk", "s2", SliceText.Ready("a", "10.0.0.1")))), Is.False);
        Assert.That(_table.Current, Is.SameAs(before));
    }

    [Test]
    public void An_endpoint_that_is_in_no_slice_for_a_moment_stays_where_it_is()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        Replace(SliceText.Ready("a", "10.0.0.1"));
        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready", "b Ready" }), "it may be in another slice in a moment");

        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        _time.Advance(ExpiredMember.Doubt + TimeSpan.FromSeconds(1));
        _table.Hear();

        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready", "b Ready" }));
        Assert.That(_table.IsDoubting, Is.False);
    }

    [Test]
    public void One_that_stays_away_goes_when_the_API_server_has_been_heard_for_two_seconds()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"), SliceText.Ready("c", "10.0.0.3"));
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));

        _time.Advance(ExpiredMember.Doubt + TimeSpan.FromMilliseconds(1));
        Assert.That(Followed(), Has.Length.EqualTo(3), "nobody has said anything since");
        var revision = _table.Current!.Revision;
        Assert.That(_table.Hear());

        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready", "b Ready" }));
        Assert.That(_table.Current!.Revision, Is.EqualTo(revision), "nothing was told");
        Assert.That(_table.Current!.Left[new MemberKey(1, "c")], Is.EqualTo(LeaveCause.Vanished));
    }

    [Test]
    public void Who_terminates_drains_at_once_and_its_going_is_a_withdrawal()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Terminating("b", "10.0.0.2"));
        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready", "b Draining" }));

        Replace(SliceText.Ready("a", "10.0.0.1"));

        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready" }));
        Assert.That(_table.Current!.Left[new MemberKey(1, "b")], Is.EqualTo(LeaveCause.Withdrawn));
        Assert.That(_table.Current.Expired, Is.Empty);
    }

    [Test]
    public void One_that_is_not_ready_any_more_is_down_and_stays_in_the_list()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.NotReady("b", "10.0.0.2"));

        Assert.That(Followed(), Is.EqualTo(new[] { "a Ready", "b Down" }));
    }

    [Test]
    public void A_mass_that_is_not_ready_at_once_is_held_like_a_mass_expiry_until_it_is_ready_or_terminates()
    {
        var all = Enumerable.Range(1, 6).ToList();
        Replace([.. all.Select(static number => SliceText.Ready($"p{number}", $"10.0.0.{number}"))]);

        Replace([.. all.Select(static number => SliceText.NotReady($"p{number}", $"10.0.0.{number}"))]);
        Assert.That(Followed().Count(static one => one.EndsWith("Ready", StringComparison.Ordinal)), Is.EqualTo(3), "half of the set");
        Assert.That(Followed(), Has.Length.EqualTo(6));

        // Whoever says himself that he goes is not held, and takes nobody else out.
        Replace([.. all.Select(static number => number == 6 ? SliceText.Terminating("p6", "10.0.0.6") : SliceText.NotReady($"p{number}", $"10.0.0.{number}"))]);
        Assert.That(Followed().Count(static one => one.EndsWith("Ready", StringComparison.Ordinal)), Is.EqualTo(2));

        Replace([.. all.Select(static number => SliceText.Ready($"p{number}", $"10.0.0.{number}"))]);
        Assert.That(Followed(), Is.All.EndsWith("Ready"));
        Assert.That(_table.Current!.Expired, Is.Empty);
    }

    [Test]
    public void A_Service_whose_endpoints_vanish_keeps_half_of_them()
    {
        Replace([.. Enumerable.Range(1, 6).Select(static number => SliceText.Ready($"p{number}", $"10.0.0.{number}"))]);

        _table.Replace(Slices.Merge());
        _time.Advance(ExpiredMember.Doubt + TimeSpan.FromSeconds(1));
        _table.Hear();

        Assert.That(Followed(), Has.Length.EqualTo(3));
    }

    /// <summary>Not from the start: a dispatcher that is started again and again would keep them for good.</summary>
    [Test]
    public void How_long_they_are_kept_counts_from_when_they_went_over_a_start_too([Values] bool areThere)
    {
        Replace([.. Enumerable.Range(1, 6).Select(static number => SliceText.Ready($"p{number}", $"10.0.0.{number}"))]);
        LoseAll();
        _time.Advance(ExpiredMember.Doubt + TimeSpan.FromSeconds(1));
        _table.Hear();
        Assert.That(Kept(), Is.EqualTo(3));

        _time.Advance(new PanicOptions().Hold / 2);
        var saved = _table.Current!;
        _table = new EndpointTable(_time);
        _table.Seed(saved with { Expired = ExpiredMember.Marked(saved.Expired, _time) });
        LoseAll();
        Assert.That(Kept(), Is.EqualTo(3));
        _time.Advance(new PanicOptions().Hold / 2);
        Assert.That(Kept(), Is.Zero);

        int Kept() => Followed().Count(static member => member.EndsWith(" Ready", StringComparison.Ordinal));

        void LoseAll()
        {
            if (areThere)
            {
                Replace([.. Enumerable.Range(1, 6).Select(static number => SliceText.NotReady($"p{number}", $"10.0.0.{number}"))]);
            }
            else
            {
                _table.Replace(Slices.Merge());
            }
        }
    }

    [Test]
    public void What_was_known_before_a_start_is_compared_with_what_there_is()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2"));
        var later = new EndpointTable(_time);
        later.Seed(_table.Current!);
        Assert.That(later.Current, Is.Null, "nothing has been read yet");

        later.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"))));

        Assert.That(later.Current!.Expired.Single().Member.Key.Name, Is.EqualTo("b"));
    }

    [Test]
    public void Who_gets_calls_by_a_proxys_list_and_is_in_no_slice_has_gone_while_nobody_watched()
    {
        Replace(SliceText.Ready("a", "10.0.0.1"));

        Assert.That(_table.SeedListed([Members.Of("a", uri: "sip:10.0.0.1:5060"), Members.Of("renamed", uri: "sip:10.0.0.1:5060"), Members.Of("gone", uri: "sip:10.0.0.7:5060")]));

        Assert.That(_table.Current!.Expired.Select(static expired => expired.Member.Key.Name), Is.EqualTo(new[] { "gone" }));
        Assert.That(_table.SeedListed([Members.Of("gone", uri: "sip:10.0.0.7:5060")]), Is.False, "once");
    }

    [Test]
    public void A_pod_of_the_same_name_at_another_address_is_not_held_at_the_old_one()
    {
        Replace(SliceText.Ready("a-0", "10.0.0.1"), SliceText.Ready("a-1", "10.0.0.2"), SliceText.Ready("a-2", "10.0.0.3"));
        Replace(SliceText.NotReady("a-0", "10.0.0.1"), SliceText.NotReady("a-1", "10.0.0.2"), SliceText.NotReady("a-2", "10.0.0.3"));
        Replace(SliceText.NotReady("a-0", "10.0.1.1"), SliceText.NotReady("a-1", "10.0.1.2"), SliceText.NotReady("a-2", "10.0.1.3"));

        Assert.That(Followed(), Is.EqualTo(new[] { "a-0 Down", "a-1 Down", "a-2 Down" }));
    }

    private void Replace(params JsonObject[] endpoints) => _table.Replace(Slices.Merge(SliceText.Slice("asterisk", "s1", endpoints)));

    private IEnumerable<string> Names() => _table.Current!.Members.Select(static member => member.Key.Name);

    /// <summary>Whom a dispatcher follows, as what.</summary>
    private string[] Followed()
    {
        var now = _time.Mark();
        var members = CycleMembers.Of(_table.Current!, PanicGuard.Held(_table.Current!, new PanicOptions(), now), PanicGuard.Doubted(_table.Current!, now, static _ => true).Members);
        return [.. members.All.OrderBy(static member => member.Key).Select(static member => $"{member.Key.Name} {member.State}")];
    }
}
