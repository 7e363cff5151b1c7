using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What a drain has to leave, and who counts.</summary>
public class ReadyFloorTests
{
    private static readonly Member[] Two = [Members.Of("a"), Members.Of("b")];

    [Test]
    public void One_of_two_may_be_drained_and_both_may_not()
    {
        var view = Of(Two).With(Proxy("p1", 2));

        Assert.That(Refusals(view, "1/a"), Is.Empty);
        Assert.That(Refusals(view, "1/a", "1/b"), Is.EqualTo(new[] { "set 1 would be left with no ready member, and --min-ready 1 asks for 1" }));
    }

    [Test]
    public void The_only_member_of_a_set_is_refused_in_that_set_alone()
    {
        var view = Of([.. Two, Members.Of("a", 2)]);

        Assert.That(Refusals(view, "1/a", "2/a"), Is.EqualTo(new[] { "set 2 would be left with no ready member, and --min-ready 1 asks for 1" }));
    }

    [TestCase("2", 1)]
    [TestCase("3", 0)]
    [TestCase("50%", 1)]
    [TestCase("75%", 0)]
    public void A_number_or_a_share_of_the_set_is_left(string least, int mayBeDrained)
    {
        var view = Of(Members.Of("a"), Members.Of("b"), Members.Of("c")).With(Proxy("p1", 3));

        Assert.That(Refusals(view, least, Keys(mayBeDrained)), Is.Empty);
        Assert.That(Refusals(view, least, Keys(mayBeDrained + 1)), Has.Count.EqualTo(1));

        static string[] Keys(int count) => [.. new[] { "1/a", "1/b", "1/c" }.Take(count)];
    }

    [TestCase(MemberState.Down)]
    [TestCase(MemberState.Draining)]
    public void Who_is_not_ready_may_always_be_drained_and_is_not_counted(MemberState state)
    {
        var view = Of(Two[0], Two[1] with { State = state });

        Assert.That(Refusals(view, "1/b"), Is.Empty);
        Assert.That(Refusals(view, "1/a"), Is.EqualTo(new[] { $"set 1 would be left with no ready member, and --min-ready 1 asks for 1; not counted: b ({(state == MemberState.Down ? "down" : "draining")})" }));
    }

    [Test]
    public void Who_has_no_share_by_the_split_is_not_counted_and_that_is_said()
    {
        static Member Labelled(string name, string version) => Members.Of(name) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", version) };
        var split = new Split(1, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 0).Add("v2", 1000));
        var view = Of(Labelled("a", "v1"), Labelled("b", "v2")).With(Proxy("p1", 1)) with { Splits = new Dictionary<int, Split> { [1] = split } };

        Assert.That(Refusals(view, "1/b"), Is.EqualTo(new[] { "set 1 would be left with no ready member on proxy p1, and --min-ready 1 asks for 1; not counted: a (no share by the split)" }));
    }

    [Test]
    public void Who_has_no_share_may_always_be_drained_where_shares_are_followed_and_so_the_others_count()
    {
        static Member Labelled(string name, string version) => Members.Of(name) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", version) };
        var split = new Split(1, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 0).Add("v2", 1000));
        var follows = Proxy("p1", 2) with { Status = Status(2) with { Applies = ["members", SplitsProgress.Kind], Splits = new SplitsProgress(40) { HasTable = true } } };
        var view = Of(Labelled("a", "v1"), Labelled("b", "v1"), Labelled("c", "v2"), Labelled("d", "v2")).With(follows) with { Splits = new Dictionary<int, Split> { [1] = split } };

        Assert.That(Refusals(view, "1/a", "1/b"), Is.Empty, "the old side is retired");
        Assert.That(Refusals(view, "2", "1/a", "1/b"), Is.Empty);
        Assert.That(Refusals(view, "1/a", "1/c"), Is.Empty);
        Assert.That(Refusals(view, "1/c", "1/d"), Is.EqualTo(new[] { "set 1 would be left with no ready member on proxy p1, and --min-ready 1 asks for 1; not counted: a (no share by the split), b (no share by the split)" }));
        Assert.That(Refusals(view with { Splits = new Dictionary<int, Split> { [1] = split with { Shares = split.Shares.SetItem("v2", 0).Add("v3", 1000) } } }, "2", "1/a", "1/b", "1/c"), Has.Count.EqualTo(1), "not followed: everybody gets calls");

        var evenly = view.With(follows with { Status = follows.Status! with { Splits = new SplitsProgress(40) { HasTable = false }, Sets = Status(4).Sets } });
        Assert.That(Refusals(evenly, "4", "1/a"), Has.Count.EqualTo(1), "there they get calls");
    }

    [Test]
    public void Who_is_drained_already_is_not_counted() =>
        Assert.That(Refusals(Of(Two).WithDrained("1/b"), "1/a"), Has.One.EndsWith("; not counted: b (drained)"));

    [TestCase(DeviationKind.Inactive)]
    [TestCase(DeviationKind.Missing)]
    [TestCase(DeviationKind.Refused)]
    [TestCase(DeviationKind.Disabled)]
    public void Who_gets_no_calls_from_one_proxy_is_not_counted_there(string kind)
    {
        var view = Of(Two).With(Proxy("p1", 2), Proxy("p2", 1, Off(kind, "b")));

        Assert.That(Refusals(view, "1/a"), Is.EqualTo(new[] { $"set 1 would be left with no ready member on proxy p2, and --min-ready 1 asks for 1; not counted: b ({kind})" }));
        Assert.That(Refusals(view, "1/b"), Is.Empty, "a is left everywhere");
    }

    [Test]
    public void Who_gets_calls_from_no_proxy_is_no_loss() =>
        Assert.That(Refusals(Of(Two[0]).With(Proxy("p1", 0, Off(DeviationKind.Inactive, "a")), Proxy("p2", 0, Off(DeviationKind.Missing, "a"))), "1/a"), Is.Empty);

    [Test]
    public void Two_names_for_one_address_count_once_and_one_takes_over_from_the_other()
    {
        var view = Of(Members.Of("a", uri: "sip:10.0.0.1"), Members.Of("b", uri: "sip:10.0.0.1:5060"), Members.Of("c", uri: "sip:10.0.0.3"))
            .With(Proxy("p1", 2, Off(DeviationKind.Superseded, "b", "sip:10.0.0.1:5060")));

        Assert.That(Refusals(view, "2", "1/a"), Is.Empty);
        Assert.That(Refusals(view, "2", "1/c"), Has.One.Contains("would be left with 1 ready member, and --min-ready 2"));
        Assert.That(Refusals(view, "1", "1/a", "1/b", "1/c"), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_report_that_counts_somebody_whom_it_does_not_name_may_mean_those_who_are_left() =>
        Assert.That(Refusals(Of(Two).With(Proxy("p1", 1)), "1/a"), Has.One.StartsWith("set 1 would be left with no ready member on proxy p1"));

    [Test]
    public void A_set_of_which_a_proxy_has_nothing_has_nobody_there_unless_its_report_had_no_room_for_it()
    {
        var nothing = new LiveProxy("p1", Status(2) with { Sets = ImmutableSortedDictionary<int, SetStatus>.Empty });

        Assert.That(Refusals(Of(Two).With(nothing), "1/a"), Has.Count.EqualTo(1));
        Assert.That(Refusals(Of(Two).With(nothing with { Status = nothing.Status! with { MoreSets = 3 } }), "1/a"), Is.Empty);
    }

    [Test]
    public void A_proxy_that_does_not_serve_the_set_is_not_asked() =>
        Assert.That(Refusals(Of(Two).With(new LiveProxy("p1", Status(0) with { Serves = [2] })), "1/a"), Is.Empty);

    [Test]
    public void Nobody_knows_what_a_report_says_that_cannot_be_read() =>
        Assert.That(Refusals(Of(Two).With(new LiveProxy("p9", null)), "1/a"), Is.EqualTo(new[]
        {
            "set 1 would be left with no ready member on proxy p9, and --min-ready 1 asks for 1; the report of that proxy cannot be read, so that nobody knows who gets calls from it",
        }));

    [Test]
    public void A_record_that_cannot_be_used_may_be_of_somebody_who_gets_calls()
    {
        var view = Of(Members.Of("a") with { State = MemberState.Down }) with { Rejected = [new RejectedRecord("...", "no uri", KeepsLastGood: false) { Member = Key("1/b") }] };

        Assert.That(Refusals(view, "1/b"), Has.Count.EqualTo(1));
        Assert.That(Refusals(view with { Rejected = [view.Rejected[0] with { IsNotReady = true }] }, "1/b"), Is.Empty, "it says that it is not ready");
    }

    [Test]
    public void Those_on_whom_it_rests_are_told_as_many_as_are_asked_for()
    {
        var check = new ReadyFloor(Of(Two[0], Two[1], Members.Of("c"), Members.Of("d")), new MinReady(2, IsPercentage: false)).Check([Key("1/a")]);

        Assert.That(check.Refusals, Is.Empty);
        Assert.That(check.Counted.Select(static announced => announced.Member.Key.Name), Is.EqualTo(new[] { "b", "c" }));
    }

    private static IReadOnlyList<string> Refusals(OperatorView view, params string[] leaving) =>
        char.IsAsciiDigit(leaving[0][^1]) || leaving[0][^1] == '%' ? Refusals(view, leaving[0], leaving[1..]) : Refusals(view, "1", leaving);

    private static IReadOnlyList<string> Refusals(OperatorView view, string least, string[] leaving)
    {
        Assert.That(MinReady.TryParse(least, out var minReady, out var error), error);
        return new ReadyFloor(view, minReady).Check([.. leaving.Select(Key)]).Refusals;
    }
}
