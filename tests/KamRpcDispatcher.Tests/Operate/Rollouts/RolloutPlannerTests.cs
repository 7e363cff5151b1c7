using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Rollouts.CanaryRollout;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What a rollout begins with, and why one cannot begin.</summary>
public sealed class RolloutPlannerTests
{
    private static readonly RolloutRequest Canary = new(1, RolloutKind.Canary, "version", "v2", "ops@host") { Steps = [50, 1000] };
    private static readonly Member[] Members = [Version("1/a", "v1"), Version("1/b", "v1"), Version("1/c", "v1"), Version("1/d", "v3"), Version("1/e", "v2")];

    [Test]
    public void Where_there_was_no_split_the_others_divide_the_rest_as_they_do_now()
    {
        var rollout = Plan(Canary, Members, null, out _, out var reasons);

        Assert.That(rollout, Is.Not.Null, string.Concat(reasons));
        Assert.That(rollout!.Wished, Is.EqualTo(Shares(("v1", 713), ("v2", 50), ("v3", 237))));
        Assert.That(rollout.Before, Is.Null);
        Assert.That((rollout with { Phase = RolloutPhase.Aborted }).Wished, Is.Null, "as it was");
        Assert.That((rollout with { Phase = RolloutPhase.Failed }).Wished, Is.EqualTo(Shares(("v1", 750), ("v2", 0), ("v3", 250))), "what a gate refuses gets no more calls than in a step");
        Assert.That(RolloutPlanner.WhyBackIsMore(rollout, Views.Of(Members)), Does.Contain("v2 had 20% of the calls"));
    }

    [Test]
    public void Where_there_was_one_its_shares_are_kept_for_going_back()
    {
        var before = Shares(("v1", 1000), ("v2", 0));
        var rollout = Plan(Canary, Members, new Split(1, "version", before), out _, out _);

        Assert.That(rollout!.Before, Is.EqualTo(before));
        Assert.That(rollout.Wished, Is.EqualTo(Shares(("v1", 950), ("v2", 50))));
    }

    [Test]
    public void A_dry_run_says_of_each_step_what_proxies_would_do()
    {
        var view = Views.Of(Members).With(new LiveProxy("p1", Views.Status(5) with { Applies = ["members", SplitsProgress.Kind], Splits = new SplitsProgress(40) { HasTable = true } }), new LiveProxy("p2", Views.Status(5)));
        var steps = RolloutForecast.Of(Plan(Canary, Members, null, out _, out _)!, null, view);

        Assert.That(steps.Select(static step => step.Proxies[0].Would), Is.EqualTo(new[] { "adds 5 destinations of classes, shares the calls by a new map", "disables a, b, c, d, shares the calls by a new map" }));
        Assert.That(steps.Select(static step => step.Proxies[1].Would), Is.All.StartsWith("nothing: it follows no splits"));
    }

    [TestCase(false, "0 1000")]
    [TestCase(true, "1000")]
    public void A_blue_green_has_its_classes_first_where_it_has_none(bool hasSplit, string steps)
    {
        var rollout = Plan(Canary with { Kind = RolloutKind.BlueGreen, Steps = [] }, Members, hasSplit ? new Split(1, "version", Shares(("v1", 1000), ("v2", 0))) : null, out _, out _);

        Assert.That(string.Join(' ', rollout!.Steps), Is.EqualTo(steps));
    }

    [TestCase(2, "version", "v2", RolloutResult.Unknown, "nobody is announced in set 2; there are sets 1")]
    [TestCase(1, "colour", "v2", RolloutResult.Unknown, "no member of set 1 has the label 'colour'; the labels there are version")]
    [TestCase(1, "version", "v9", RolloutResult.Unknown, "no member of set 1 has version=v9; version there is v1, v2, v3")]
    public void Who_is_not_there_is_told_with_what_is(int set, string label, string to, RolloutResult expected, string reason)
    {
        Assert.That(Plan(Canary with { Set = set, Label = label, To = to }, Members, null, out var result, out var reasons), Is.Null);
        Assert.That((result, reasons.Single()), Is.EqualTo((expected, reason)));
    }

    [Test]
    public void A_split_by_another_label_is_refused() => Refused(Canary, Members, new Split(1, "colour", Shares(("blue", 1000))), "set 1 has a split by 'colour' (blue 100%), and not by 'version'");

    [Test]
    public void A_first_step_that_takes_calls_away_is_refused() => Refused(Canary, Members, new Split(1, "version", Shares(("v1", 900), ("v2", 100))), "version=v2 has 10% already");

    [Test]
    public void Who_has_no_label_would_get_nothing() => Refused(Canary, [.. Members, Destinationless("1/f")], null, "1 ready member has no label 'version'");

    [Test]
    public void Too_few_ready_members_are_refused() => Refused(Canary with { MinReady = new(2, false) }, Members, null, "version=v2 has 1 ready member in set 1, and --min-ready 2 asks for 2", RolloutResult.NotSafe);

    [TestCase(RolloutKind.Canary)]
    [TestCase(RolloutKind.BlueGreen)]
    public void A_kamailio_that_cannot_share_calls_is_told_before_anything_is_written(RolloutKind kind)
    {
        var proxy = new LiveProxy("p1", Views.Status(5) with { Splits = new SplitsProgress(40) { HasTable = false } });
        var request = Canary with { Kind = kind };

        Assert.That(RolloutPlanner.Plan(request, Views.Of(Members).With(proxy), new RolloutView(1, 50, null), Views.Now, out var result, out var reasons), Is.Null);
        Assert.That((result, reasons[0]), Is.EqualTo((RolloutResult.NotSafe, "the Kamailio of proxy p1 has no table for shares; its config needs the snippet of 'kamrpc cfg' with modparam(\"htable\", \"htable\", \"kamrpc_shares=>size=8;\"), and a restart")));
        Assert.That(RolloutPlanner.Plan(request with { IsForced = true }, Views.Of(Members).With(proxy), new RolloutView(1, 50, null), Views.Now, out _, out _), Is.Not.Null);
    }

    [Test]
    public void One_that_is_under_way_is_not_replaced()
    {
        var view = new RolloutView(1, 50, Of(RolloutPhase.Paused));

        Assert.That(RolloutPlanner.Plan(Canary, Views.Of(Members), view, Views.Now, out var result, out var reasons), Is.Null);
        Assert.That(result, Is.EqualTo(RolloutResult.Refused));
        Assert.That(reasons.Single(), Does.StartWith("set 1 has a rollout: canary, paused, step 2 of 4, version=v2 25%, by ops@host"));
    }

    private static void Refused(RolloutRequest request, Member[] members, Split? split, string reason, RolloutResult expected = RolloutResult.Refused)
    {
        Assert.That(Plan(request, members, split, out var result, out var reasons), Is.Null);
        Assert.That(result, Is.EqualTo(expected));
        Assert.That(reasons[0], Does.StartWith(reason));
    }

    private static Rollout? Plan(RolloutRequest request, Member[] members, Split? split, out RolloutResult result, out IReadOnlyList<string> reasons) =>
        RolloutPlanner.Plan(request, Views.Of(members), new RolloutView(1, 50, null) { Split = split, SplitRevision = split is null ? 0 : 40 }, Views.Now, out result, out reasons);

    private static Member Version(string key, string version) => Destinationless(key) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", version) };

    private static Member Destinationless(string key) => KamRpcDispatcher.Tests.Members.Of(key[2..]);
}
