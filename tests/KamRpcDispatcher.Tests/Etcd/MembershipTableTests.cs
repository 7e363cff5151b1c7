using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class MembershipTableTests
{
    private const string Key = "/kamrpc/c/members/1/a";

    private MembershipTable _table = null!;

    [SetUp]
    public void Empty() => _table = new MembershipTable(new EtcdKeys("c"), TimeProvider.System);

    [Test]
    public void A_key_is_a_member_until_it_is_deleted()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 6);

        var member = _table.At(6).Members.Single();
        Assert.That(member.Key, Is.EqualTo(new MemberKey(1, "a")));
        Assert.That(member.CreatedRevision, Is.EqualTo(5));

        _table.Delete(Key);
        Assert.That(_table.At(7).Members, Is.Empty);
    }

    [Test]
    public void A_listing_takes_out_what_it_does_not_show()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put("/kamrpc/c/members/1/b", """{"uri":"sip:10.0.0.2"}""", 6, 6);

        _table.RetainOnly(new HashSet<string> { Key });

        Assert.That(_table.At(7).Members.Select(static member => member.Key.Name), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public void A_bad_record_leaves_the_last_usable_one_in_force()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put(Key, "rubbish", 5, 6);

        var membership = _table.At(6);
        Assert.That(membership.Members.Single().Uri.Text, Is.EqualTo("sip:10.0.0.1"));
        Assert.That(membership.Rejected.Single().KeepsLastGood);
    }

    [Test]
    public void A_bad_record_of_a_key_that_was_deleted_in_between_keeps_nothing()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put(Key, "rubbish", 8, 8);

        Assert.That(_table.At(8).Members, Is.Empty);
        Assert.That(_table.At(8).Rejected.Single().KeepsLastGood, Is.False);
    }

    [Test]
    public void A_bad_record_is_told_once_however_often_it_is_listed()
    {
        Put(Key, "rubbish", 5, 5);
        Assert.That(_table.TakeNewlyRejected().Single().Record.Key, Is.EqualTo(Key));

        Put(Key, "rubbish", 5, 5);
        Assert.That(_table.TakeNewlyRejected(), Is.Empty);

        Put(Key, "other rubbish", 5, 6);
        Assert.That(_table.TakeNewlyRejected(), Has.Count.EqualTo(1), "another record is another matter");
    }

    [TestCase("\"weight\":0,\"state\":\"down\"", MemberState.Down)]
    [TestCase("\"state\":\"draining\",\"attrs\":{\"a\":1}", MemberState.Draining)]
    [TestCase("\"state\":\"asleep\",\"priority\":1000", MemberState.Down)]
    [TestCase("\"state\":[]", MemberState.Down)]
    [TestCase("\"weight\":0", MemberState.Ready)]
    [TestCase("\"weight\":0,\"state\":\"ready\"", MemberState.Ready)]
    public void A_record_that_cannot_be_used_takes_its_member_out_of_service_all_the_same(string fields, MemberState state)
    {
        Put(Key, """{"uri":"sip:10.0.0.1","weight":7}""", 5, 5);
        Put(Key, $"{{\"uri\":\"sip:10.0.0.1\",{fields}}}", 5, 6);

        var membership = _table.At(6);
        Assert.That(membership.Members.Single().State, Is.EqualTo(state));
        Assert.That(membership.Members.Single().Weight, Is.EqualTo(7), "the rest is as it was");
        Assert.That(membership.Rejected.Single().IsNotReady, Is.EqualTo(state != MemberState.Ready));

        Put(Key, """{"uri":"sip:10.0.0.1","weight":0}""", 5, 7);
        Assert.That(_table.At(7).Members.Single().State, Is.EqualTo(state), "one that cannot be used says nothing else");
        Assert.That(_table.At(7).Rejected.Single().IsNotReady, Is.EqualTo(state != MemberState.Ready));
    }

    [TestCase("rubbish")]
    [TestCase("""{"uri":"sip:10.0.0.1","state":"ready","state":"down"}""")]
    [TestCase("""{"uri":5,"state":"ready"}""")]
    public void That_a_member_is_not_ready_stays_so_until_a_record_that_can_be_used_says_otherwise(string rejected)
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put(Key, """{"uri":5,"state":"down"}""", 5, 6);
        Put(Key, rejected, 5, 7);
        Assert.That(_table.At(7).Members.Single().State, Is.EqualTo(MemberState.Down));

        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 8);
        Assert.That(_table.At(8).Members.Single().State, Is.EqualTo(MemberState.Ready));
    }

    [Test]
    public void What_is_left_out_is_told_once_whoever_writes_it_and_a_flood_of_it_ends()
    {
        Put(Key, """{"uri":"sip:10.0.0.1","zone":"eu"}""", 5, 5);
        Put(Key, """{"uri":"sip:10.0.0.1","zone":"us"}""", 5, 6);
        Put("/kamrpc/c/members/1/b", """{"uri":"sip:10.0.0.2","zone":"eu"}""", 7, 7);
        Assert.That(_table.TakeNewRemarks().Single(), Is.EqualTo((Key, "the field 'zone' is not known")));
        Assert.That(_table.TakeNewRemarks(), Is.Empty);
        Assert.That(_table.At(7).Rejected, Is.Empty);

        for (var number = 8; number < 108; number++)
        {
            Put(Key, $"{{\"uri\":\"sip:10.0.0.1\",\"zone{number}\":1}}", 5, number);
        }

        Assert.That(_table.TakeNewRemarks(), Has.Count.LessThan(30));
    }

    [Test]
    public void A_corrected_record_is_taken()
    {
        Put(Key, "rubbish", 5, 5);
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 6);

        Assert.That(_table.At(6).Members, Has.Count.EqualTo(1));
        Assert.That(_table.At(6).Rejected, Is.Empty);
    }

    [TestCase("/kamrpc/c/members/a", "<set>/<name>")]
    [TestCase("/kamrpc/c/members/1/a/b", "<set>/<name>")]
    [TestCase("/kamrpc/c/members/01/a", "the set '01'")]
    [TestCase("/kamrpc/c/members/-1/a", "the set '-1'")]
    [TestCase("/kamrpc/c/members/2147483648/a", "the set '2147483648'")]
    [TestCase("/kamrpc/c/members/1/", "the name ''")]
    [TestCase("/kamrpc/c/members/1/a;b", "the name 'a;b'")]
    public void A_key_that_names_no_member_is_rejected(string key, string reason)
    {
        Put(key, """{"uri":"sip:10.0.0.1"}""", 5, 5);

        Assert.That(_table.At(5).Members, Is.Empty);
        Assert.That(_table.At(5).Rejected.Single().Reason, Does.Contain(reason));
    }

    [TestCase("/kamrpc/c/members/0/a", 0)]
    [TestCase("/kamrpc/c/members/2147483647/a", int.MaxValue)]
    public void Every_set_number_of_Kamailio_can_be_used(string key, int set)
    {
        Put(key, """{"uri":"sip:10.0.0.1"}""", 5, 5);

        Assert.That(_table.At(5).Members.Single().Key.Set, Is.EqualTo(set));
    }

    [Test]
    public void A_ready_member_whose_lease_ended_has_expired_until_it_comes_back()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        _table.Delete(Key);
        Assert.That(_table.At(6).Expired.Single().Member.Key, Is.EqualTo(new MemberKey(1, "a")));

        Put(Key, """{"uri":"sip:10.0.0.1"}""", 7, 7);
        Assert.That(_table.At(7).Expired, Is.Empty);
        Assert.That(_table.At(7).Returned.Single().Member.Key, Is.EqualTo(new MemberKey(1, "a")));

        _table.Delete(Key);
        Assert.That((_table.At(8).Expired.Count, _table.At(8).Returned.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public void An_expiry_is_doubted_for_two_seconds_after_the_store_came_back()
    {
        var time = new JumpingTime();
        var table = new MembershipTable(new EtcdKeys("c"), time);
        Assert.That(IsDoubted(), Is.False, "it was never away");
        table.CameBack();
        Assert.That(IsDoubted());
        time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.That(IsDoubted(), Is.False);

        bool IsDoubted()
        {
            table.Put(Key, Encoding.UTF8.GetBytes("""{"uri":"sip:10.0.0.1"}"""), 5, 5, isLeased: true);
            table.Delete(Key);
            return table.At(6).Expired.Single().DoubtedSince is not null;
        }
    }

    [Test]
    public void The_doubt_lasts_until_the_store_has_answered_for_two_seconds_and_begins_anew_when_it_was_away_meanwhile()
    {
        var time = new JumpingTime();
        var table = new MembershipTable(new EtcdKeys("c"), time);
        table.Put(Key, Encoding.UTF8.GetBytes("""{"uri":"sip:10.0.0.1"}"""), 5, 5, isLeased: true);
        table.CameBack();
        table.Heard();
        table.Delete(Key);
        Assert.That(IsDoubted());

        time.Advance(TimeSpan.FromSeconds(60));
        Assert.That(IsDoubted(), "nothing was heard since");
        table.CameBack();
        Assert.That(table.Heard(), "somebody is doubted");
        Assert.That(IsDoubted());

        time.Advance(TimeSpan.FromSeconds(1.9));
        table.Heard();
        Assert.That((IsDoubted(), table.IsDoubting), Is.EqualTo((true, true)));
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(table.Heard(), "somebody was");
        Assert.That((IsDoubted(), table.IsDoubting), Is.EqualTo((false, false)));
        Assert.That(table.Heard(), Is.False);

        time.Advance(TimeSpan.FromSeconds(60));
        table.CameBack();
        Assert.That(IsDoubted(), Is.False, "who was let go stays so");

        bool IsDoubted()
        {
            var membership = table.At(6);
            return membership.Expired.Single().IsDoubted(membership.Heard);
        }
    }

    [TestCase("down")]
    [TestCase("draining")]
    public void A_member_that_said_that_it_is_going_has_not_expired(string state)
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put(Key, $$"""{"uri":"sip:10.0.0.1","state":"{{state}}"}""", 5, 6);
        _table.Delete(Key);

        Assert.That(_table.At(7).Expired, Is.Empty);
    }

    [Test]
    public void A_static_member_is_deleted_by_somebody_and_does_not_expire()
    {
        _table.Put(Key, Encoding.UTF8.GetBytes("""{"uri":"sip:10.0.0.1"}"""), 5, 5, isLeased: false);
        _table.Delete(Key);

        Assert.That(_table.At(6).Expired, Is.Empty);
    }

    [Test]
    public void What_a_listing_lacks_has_expired_since_nobody_heard_why_it_went()
    {
        _table.Put(Key, Encoding.UTF8.GetBytes("""{"uri":"sip:10.0.0.1"}"""), 5, 5, isLeased: false);
        _table.RetainOnly(new HashSet<string>());

        Assert.That(_table.At(6).Expired, Has.Count.EqualTo(1));
    }

    [Test]
    public void What_an_earlier_daemon_knew_and_the_first_listing_lacks_has_expired()
    {
        _table.Seed(new Membership(3, [Members.Of("a"), Members.Of("b")], []) { Expired = [new ExpiredMember(Members.Of("held"), DateTimeOffset.UtcNow.AddMinutes(-1), 2, TimeProvider.System.Mark() - TimeSpan.FromMinutes(1))] });
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        _table.RetainOnly(new HashSet<string> { Key });

        Assert.That(_table.At(6).Members.Select(static member => member.Uri.Text), Is.EqualTo(new[] { "sip:10.0.0.1" }));
        Assert.That(_table.At(6).Expired.Select(static expired => expired.Member.Key.Name), Is.EqualTo(new[] { "held", "b" }));
    }

    [Test]
    public void Who_of_another_store_is_not_here_has_expired_as_a_stranger_and_who_is_here_is_as_it_is_here()
    {
        Put(Key, "rubbish", 5, 5);
        _table.SeedStrangers(new Membership(3, [Members.Of("a") with { CreatedRevision = 5 }, Members.Of("b"), Members.Of("c") with { State = MemberState.Down }], []));

        var membership = _table.At(6);
        Assert.That(membership.Members, Is.Empty, "the record of a before is of another store");
        Assert.That(membership.Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize, expired.IsOfAnotherStore)), Is.EqualTo(new[] { ("b", 2, true) }));
        Assert.That(membership.Left.Values, Is.EqualTo(new[] { LeaveCause.Missing }));
    }

    [Test]
    public void Who_gets_calls_by_a_proxys_list_and_is_neither_listed_nor_was_saved_has_expired_and_is_doubted()
    {
        _table.Seed(new Membership(3, [Members.Of("saved")], []));
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        _table.RetainOnly(new HashSet<string> { Key });

        Assert.That(_table.SeedListed([Members.Of("a"), Members.Of("saved"), Members.Of("b"), Members.Of("c"), Members.Of("d", set: 2)]), Is.EqualTo(3));

        var membership = _table.At(6);
        Assert.That(
            membership.Expired.Select(static expired => (expired.Member.Key.Name, expired.SetSize, expired.DoubtedSince is not null)),
            Is.EquivalentTo(new[] { ("saved", 2, false), ("b", 4, true), ("c", 4, true), ("d", 1, true) }));
        Assert.That(membership.Left.Values, Is.All.EqualTo(LeaveCause.Missing));

        Put("/kamrpc/c/members/1/b", """{"uri":"sip:10.0.0.2"}""", 7, 7);
        Assert.That(_table.At(7).Returned.Select(static expired => expired.Member.Key.Name), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public void Who_moved_went_or_has_another_name_by_now_has_not_expired_for_being_in_a_proxys_list()
    {
        Put("/kamrpc/c/members/1/moved", """{"uri":"sip:10.0.0.9"}""", 5, 5);
        Put("/kamrpc/c/members/1/renamed", """{"uri":"sip:10.0.0.2"}""", 6, 6);
        Put("/kamrpc/c/members/1/withdrawn", """{"uri":"sip:10.0.0.3","state":"down","reason":"withdrawn"}""", 7, 7);
        Put("/kamrpc/c/members/1/rejected", "rubbish", 8, 8);
        _table.Delete("/kamrpc/c/members/1/withdrawn");

        Assert.That(
            _table.SeedListed([Members.Of("moved", uri: "sip:10.0.0.1"), Members.Of("old-name", uri: "sip:10.0.0.2"), Members.Of("withdrawn", uri: "sip:10.0.0.3"), Members.Of("rejected", uri: "sip:10.0.0.4")]),
            Is.Zero);
        Assert.That(_table.At(9).Expired, Is.Empty);
    }

    [Test]
    public void Who_was_saved_at_another_address_than_a_proxys_list_has_expired_as_it_stands_there()
    {
        _table.Seed(new Membership(3, [Members.Of("a", uri: "sip:10.0.0.1"), Members.Of("b", uri: "sip:10.0.0.2")], []));
        _table.RetainOnly(new HashSet<string>());

        Assert.That(_table.SeedListed([Members.Of("a", uri: "sip:10.0.0.9"), Members.Of("b", uri: "sip:10.0.0.2:5060")]), Is.EqualTo(1));
        Assert.That(_table.At(6).Expired.Select(static expired => expired.Member.Uri.Text), Is.EquivalentTo(new[] { "sip:10.0.0.9", "sip:10.0.0.2" }));
    }

    [TestCase("""{"uri":"sip:10.0.0.1"}""", true, LeaveCause.Expired)]
    [TestCase("""{"uri":"sip:10.0.0.1","state":"down","reason":"withdrawn"}""", true, LeaveCause.Withdrawn)]
    [TestCase("""{"uri":"sip:10.0.0.1","state":"down","reason":"connection refused"}""", true, LeaveCause.NotReady)]
    [TestCase("""{"uri":"sip:10.0.0.1","state":"draining"}""", true, LeaveCause.NotReady)]
    [TestCase("""{"uri":"sip:10.0.0.1"}""", false, LeaveCause.Deleted)]
    public void Why_a_member_is_gone_is_known_as_far_as_its_key_tells(string value, bool isLeased, LeaveCause cause)
    {
        _table.Put(Key, Encoding.UTF8.GetBytes(value), 5, 6, isLeased);
        Assert.That(_table.At(6).Left, Is.Empty);

        _table.Delete(Key);
        Assert.That(_table.At(7).Left, Is.EqualTo(new Dictionary<MemberKey, LeaveCause> { [new MemberKey(1, "a")] = cause }));

        _table.Put(Key, Encoding.UTF8.GetBytes(value), 8, 8, isLeased);
        Assert.That(_table.At(8).Left, Is.Empty, "it is back");
    }

    [Test]
    public void Of_what_a_listing_lacks_it_is_not_known_why_it_went()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        _table.RetainOnly(new HashSet<string>());

        Assert.That(_table.At(6).Left.Values, Is.EqualTo(new[] { LeaveCause.Missing }));
    }

    [Test]
    public void Of_a_crowd_that_went_the_last_thousand_are_remembered()
    {
        for (var number = 0; number < 10_500; number++)
        {
            Put($"/kamrpc/c/members/1/m{number}", """{"uri":"sip:10.0.0.1"}""", number + 1, number + 1);
            _table.Delete($"/kamrpc/c/members/1/m{number}");
        }

        var left = _table.At(10_501).Left;
        Assert.That(left, Has.Count.InRange(1000, 2000));
        Assert.That(Enumerable.Range(9_500, 1000).Select(static number => new MemberKey(1, $"m{number}")).All(left.ContainsKey));
    }

    [Test]
    public void What_was_written_last_is_known_unless_nothing_is()
    {
        Assert.That(_table.Newest, Is.Null);
        _table.Seed(new Membership(3, [Members.Of("a")], []));
        Assert.That(_table.Newest, Is.Null, "of an earlier daemon");

        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 7);
        Put("/kamrpc/c/members/1/b", "rubbish", 6, 6);
        Assert.That((_table.Newest!.Value.Key, _table.Newest.Value.Revision), Is.EqualTo((Key, 7)));
    }

    [Test]
    public void A_revision_that_comes_again_with_another_value_is_another_record()
    {
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
        Put(Key, """{"uri":"sip:10.0.0.2"}""", 5, 5);

        Assert.That(_table.At(5).Members.Single().Uri.Text, Is.EqualTo("sip:10.0.0.2"));
    }

    [Test]
    public void A_bad_record_that_is_rewritten_over_and_over_is_told_ever_more_seldom_and_after_a_pause_anew()
    {
        var time = new JumpingTime();
        _table = new MembershipTable(new EtcdKeys("c"), time);
        var told = new List<int>();
        for (var revision = 5; revision < 1005; revision++)
        {
            // Good ones in between make no difference.
            Put(Key, $"rubbish {revision}", 5, revision * 2);
            Put(Key, """{"uri":"sip:10.0.0.1"}""", 5, (revision * 2) + 1);
            told.AddRange(_table.TakeNewlyRejected().Select(static rejection => rejection.Times));
        }

        Assert.That(told, Is.EqualTo(new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512 }));

        time.Advance(RejectionCount.Memory + TimeSpan.FromSeconds(1));
        Put(Key, "rubbish", 5, 3000);
        Assert.That(_table.TakeNewlyRejected().Single().Times, Is.EqualTo(1));
    }

    [Test]
    public void A_crowd_of_bad_records_is_told_up_to_a_number_and_costs_no_more_than_its_own()
    {
        const int Count = 40_000;
        var time = new JumpingTime();
        _table = new MembershipTable(new EtcdKeys("c"), time);
        var first = Crowd(0, Count / 10);
        var others = Crowd(Count / 10, Count);
        Assert.That(others / first, Is.LessThan(40), "nine times as many; 99 if each cost as much as all before it");
        var told = _table.TakeNewlyRejected();
        Assert.That(told.Select(static rejection => rejection.Times), Is.EqualTo(Enumerable.Repeat(1, RejectionCount.MostKeys).Append(0)), "and then one for all others");
        Assert.That(told[^1].Record.Key, Is.EqualTo($"/kamrpc/c/members/1/m{RejectionCount.MostKeys}"));

        time.Advance(RejectionCount.Memory + TimeSpan.FromSeconds(1));
        Put("/kamrpc/c/members/1/later", "rubbish", 1, 1);
        Assert.That(_table.TakeNewlyRejected().Single().Times, Is.EqualTo(1), "those of before are forgotten");

        TimeSpan Crowd(int from, int to)
        {
            var begun = System.Diagnostics.Stopwatch.GetTimestamp();
            for (var number = from; number < to; number++)
            {
                Put($"/kamrpc/c/members/1/m{number}", "rubbish", number + 1, number + 1);
            }

            return System.Diagnostics.Stopwatch.GetElapsedTime(begun);
        }
    }

    [Test]
    public void Of_a_key_that_comes_and_goes_over_and_over_only_the_last_time_is_kept()
    {
        var first = ComeAndGo();
        ComeAndGo();
        ComeAndGo();
        GC.Collect();

        Assert.That(first.TryGetTarget(out _), Is.False, "nothing holds the key as it was read the first time");
        Assert.That(_table.At(1).Expired, Has.Count.EqualTo(1));

        // On its own, so that nothing on the test's stack holds the key.
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference<string> ComeAndGo()
        {
            var key = new string(Key.AsSpan());
            Put(key, """{"uri":"sip:10.0.0.1"}""", 5, 5);
            _table.Delete(key);
            return new WeakReference<string>(key);
        }
    }

    [Test]
    public void A_crowd_that_expires_at_once_and_those_of_a_day_cost_no_more_than_their_number()
    {
        const int Count = 20_000;
        var time = new JumpingTime();
        _table = new MembershipTable(new EtcdKeys("c"), time);
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var number = 0; number < Count; number++)
        {
            Put($"/kamrpc/c/members/1/m{number}", """{"uri":"sip:10.0.0.1"}""", number + 1, number + 1);
        }

        _table.RetainOnly(new HashSet<string>());
        for (var number = 0; number < Count; number++)
        {
            time.Advance(TimeSpan.FromSeconds(4));
            Put($"/kamrpc/c/members/1/n{number}", """{"uri":"sip:10.0.0.1"}""", number + 1, number + 1);
            _table.Delete($"/kamrpc/c/members/1/n{number}");
        }

        var expired = _table.At(1).Expired;
        Assert.That(expired, Has.Count.EqualTo(2 * Count));
        Assert.That(expired.Take(Count).Select(static one => one.SetSize), Is.EquivalentTo(Enumerable.Range(1, Count)));
        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)));

        time.Advance(TimeSpan.FromHours(23));
        Put(Key, """{"uri":"sip:10.0.0.1"}""", 1, 1);
        _table.Delete(Key);
        Assert.That(_table.At(1).Expired, Has.Count.LessThan(Count), "those of more than a day ago are forgotten");
    }

    private void Put(string key, string value, long created, long modified) => _table.Put(key, Encoding.UTF8.GetBytes(value), created, modified, isLeased: true);
}
