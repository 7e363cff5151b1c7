using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Operators;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Whom an operator drains when its key goes nobody calls: it is no loss, and what is wished later changes nothing of what was decided then.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class DrainedMembersTests
{
    private const string Prefix = "/kamrpc/c/members/1/";

    private static readonly StoreIdentity Store = new(7, "http://10.0.0.5:2379");

    private readonly JumpingTime _time = new();
    private readonly MembershipTable _table;
    private OperatorIntents? _wished;
    private long _revision;

    public DrainedMembersTests() => _table = new MembershipTable(new EtcdKeys("c"), _time, () => _wished);

    /// <summary>Of so many that an operator had drained nobody is missed: the floor is that of those who got calls.</summary>
    [TestCase(10, 4, 3)]
    [TestCase(6, 5, 0)]
    [TestCase(6, 0, 3)]
    [TestCase(4, 4, 0)]
    public void Whom_an_operator_had_drained_is_neither_held_nor_counted(int members, int drained, int held)
    {
        var names = Enumerable.Range(0, members).Select(static number => $"e{number:00}").ToArray();
        foreach (var shift in new[] { 0, members - drained, (members - drained) / 2 })
        {
            foreach (var byListing in new[] { false, true })
            {
                // The drained ones first, last, and in between; one event after another.
                _time.Advance(TimeSpan.FromHours(25));
                Announce(names);
                var wished = names.Skip(shift).Take(drained).ToArray();
                Drain(wished);
                if (byListing)
                {
                    _table.RetainOnly(new HashSet<string>());
                }
                else
                {
                    Expire(names);
                }

                Assert.That((Held().Count, Held().Count(wished.Contains)), Is.EqualTo((held, 0)), $"drained from {shift} on, by a listing: {byListing}");
            }
        }
    }

    [Test]
    public void One_that_is_drained_and_there_is_no_part_of_what_its_set_was()
    {
        // Six, two of whom an operator drained, got calls by four: of these three expire, so one of them is kept.
        Announce("d1", "d2", "e0", "e1", "e2", "m");
        Drain("d1", "d2");
        Expire("e0", "e1", "e2");
        Assert.That(Held(), Is.EqualTo(new[] { "e2" }));

        Drain();
        Assert.That(Held(), Is.EqualTo(new[] { "e2" }), "that they are resumed lets nobody go");
        Drain("d1", "d2");
        Expire("d1", "d2");
        Assert.That(Held(), Is.EqualTo(new[] { "e2" }), "nor that they leave");
    }

    [Test]
    public void One_that_had_expired_and_returned_before_it_was_drained_is_no_part_either()
    {
        string[] drained = ["a1", "a2", "a3", "a4"];
        string[] others = ["b1", "b2", "b3", "b4"];
        Announce([.. drained, .. others]);
        Expire([.. drained, .. others]);
        Announce([.. drained, .. others]);
        _time.Advance(TimeSpan.FromHours(2));
        Drain(drained);
        Expire(others);

        Assert.That(_table.At(1).Expired.Select(static expired => expired.SetSize), Is.EqualTo(new[] { 4, 3, 2, 1 }));
        Assert.That(Held(), Is.EqualTo(new[] { "b3", "b4" }));
    }

    [Test]
    public void Nobody_who_was_let_go_is_held_since_another_one_is_drained_later()
    {
        Announce("a", "b", "c", "d");
        Expire("a", "b");
        Assert.That(Held(), Is.Empty);

        Drain("c");
        Assert.That(Held(), Is.Empty);
        Drain("a", "c");
        Assert.That(Held(), Is.Empty);
    }

    [Test]
    public void One_that_was_drained_when_it_went_is_not_held_since_it_is_resumed()
    {
        Announce("a", "b", "c");
        Drain("a");
        Expire("b", "a");
        Drain();

        Assert.That(Held(), Is.Empty);
        Assert.That(_table.At(1).Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize)), Is.EqualTo(new[] { ("b", 2) }));
        Assert.That(_table.At(1).Left.Values, Is.EqualTo(new[] { LeaveCause.Expired, LeaveCause.Expired }), "why it is gone is known");
    }

    [Test]
    public void One_that_is_held_goes_when_it_is_drained_and_nobody_in_its_place()
    {
        Announce("a", "b", "c", "d");
        Expire("a", "b", "c", "d");
        Assert.That(Held(), Is.EqualTo(new[] { "c", "d" }));

        Drain("c");
        Assert.That(Held(), Is.EqualTo(new[] { "d" }));
    }

    [Test]
    public void Of_another_store_and_of_a_proxys_list_the_drained_ones_have_not_expired_either()
    {
        Drain("a", "d");
        _table.SeedStrangers(new Membership(3, [Members.Of("a"), Members.Of("b"), Members.Of("c")], []));
        Assert.That(_table.SeedListed([Members.Of("d", set: 1), Members.Of("e")]), Is.EqualTo(1));

        Assert.That(_table.At(6).Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize)), Is.EquivalentTo(new[] { ("b", 2), ("c", 2), ("e", 1) }));
        Assert.That(_table.At(6).Left.Values, Is.EqualTo(Enumerable.Repeat(LeaveCause.Missing, 5)));
    }

    [Test]
    public void Before_the_store_has_told_what_is_wished_it_is_what_was_saved_of_it()
    {
        var state = Listed(Saved(Store), "b", "c");
        Assert.That(state.Current!.Expired, Is.Empty, "a is missing, and was drained");
        state.Apply([Gone("b"), Gone("c")]);
        state.Publish(10);
        Assert.That(state.Current!.Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize)), Is.EqualTo(new[] { ("c", 1) }), "b was drained too");
    }

    [Test]
    public void Once_it_has_told_only_that_counts_but_for_who_went_while_nobody_watched()
    {
        _wished = FakeIntents.Draining(9, "c");
        var state = Listed(Saved(Store), "b");
        Assert.That(state.Current!.Expired, Is.Empty, "a was drained, and c is");
        state.Apply([Gone("b")]);
        state.Publish(10);
        Assert.That(state.Current!.Expired.Select(static expired => expired.Member.Key.Name), Is.EqualTo(new[] { "b" }), "it was resumed meanwhile");
    }

    [Test]
    public void What_was_saved_of_another_store_says_something_of_its_members_alone()
    {
        var state = Listed(Saved(new StoreIdentity(8, "http://10.0.0.6:2379")), "b");
        Assert.That(state.Current!.Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize, expired.IsOfAnotherStore)), Is.EqualTo(new[] { ("c", 1, true) }));
        state.Apply([Gone("b")]);
        state.Publish(10);
        Assert.That(state.Current!.Expired.Select(static expired => expired.Member.Key.Name), Is.EquivalentTo(new[] { "b", "c" }));
    }

    [Test]
    public void A_crowd_of_drained_ones_costs_no_more_than_its_number()
    {
        const int Count = 20_000;
        var names = Enumerable.Range(0, Count).Select(static number => $"m{number}").ToArray();
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        Drain([.. names.Take(Count / 2)]);
        Announce(names);
        Expire(names);

        Assert.That(_table.At(1).Expired.Select(static expired => expired.SetSize), Is.EquivalentTo(Enumerable.Range(1, Count / 2)));
        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    private static Membership Saved(StoreIdentity store) => new(3, [Members.Of("a"), Members.Of("b"), Members.Of("c")], [])
    {
        Store = store,
        Intents = FakeIntents.Draining(0, "a", "b") with { IsFollowed = false },
    };

    private static Mvccpb.Event Gone(string name) => new() { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Prefix + name) } };

    /// <summary>What is known of a store whose first listing has these members.</summary>
    private MembershipState Listed(Membership saved, params string[] names)
    {
        var state = new MembershipState(new EtcdKeys("c"), "http://10.0.0.5:2379", _time, new LogCapture<MembershipWatch>(), () => _wished);
        state.Seed(saved);
        var pairs = names.Select(static name => new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Prefix + name), Value = ByteString.CopyFromUtf8(Record(name)), CreateRevision = 5, ModRevision = 5, Lease = 1 });
        state.Replace(new KeyListing([.. pairs], 9, new ResponseHeader { ClusterId = Store.ClusterId, Revision = 9 }), wasAway: false);
        return state;
    }

    private static string Record(string name) => $$"""{"uri":"sip:{{name}}.example.org"}""";

    private void Announce(params string[] names) => Array.ForEach(names, name => _table.Put(Prefix + name, Encoding.UTF8.GetBytes(Record(name)), ++_revision, _revision, isLeased: true));

    private void Drain(params string[] names) => _wished = FakeIntents.Draining(1, names);

    /// <summary>One after another.</summary>
    private void Expire(params string[] names) => Array.ForEach(names, name =>
    {
        _time.Advance(TimeSpan.FromTicks(1));
        _table.Delete(Prefix + name);
    });

    private List<string> Held() =>
        [.. PanicGuard.Held(OperatedSource.Apply(_table.At(1) with { Intents = _wished }), new PanicOptions(), _time.Mark()).Select(static member => member.Key.Name)];
}
