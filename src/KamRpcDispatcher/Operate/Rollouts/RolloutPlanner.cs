using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Makes a rollout of what is asked for and what is there, or says why it cannot be. It is pure.</summary>
internal static class RolloutPlanner
{
    private const int MostNamed = 8;

    /// <param name="request">What is asked for.</param>
    /// <param name="cluster">Members, intents and proxies.</param>
    /// <param name="view">The set's split, and its last rollout.</param>
    /// <param name="now">The time.</param>
    /// <param name="result">What is wrong where it cannot be.</param>
    /// <param name="reasons">Why, each a sentence, safe to print.</param>
    public static Rollout? Plan(RolloutRequest request, OperatorView cluster, RolloutView view, DateTimeOffset now, out RolloutResult result, out IReadOnlyList<string> reasons)
    {
        if (request.Restart is not null)
        {
            return PlanRestart(request, cluster, view, now, out result, out reasons);
        }

        (result, var reason) = Unknown(request, cluster) is { } unknown ? (RolloutResult.Unknown, unknown)
            : WhyRefused(request, view) is { } refused ? (RolloutResult.Refused, refused)
            : (RolloutResult.Written, null);
        reasons = reason is null ? [] : [reason];
        if (reason is not null)
        {
            return null;
        }

        var floor = new RolloutFloor(cluster, request.Set);
        var ready = floor.ReadyBy(request.Label);
        var before = view.Split?.Shares;
        var others = (before ?? ready.ToImmutableSortedDictionary(StringComparer.Ordinal)).Where(share => share.Key != request.To && share.Key.Length > 0 && share.Value > 0).ToList();
        if (Unshared(request, ready, before, others) is { } why)
        {
            (result, reasons) = (RolloutResult.Refused, [why]);
            return null;
        }

        var rollout = new Rollout(request.Set, NewId(), request.Kind, request.Label, request.To)
        {
            // A side that has no class yet gets one first, so that switching is one change of the map.
            Steps = request.Kind == RolloutKind.Canary ? [.. request.Steps] : before is null ? [0, Split.Whole] : [Split.Whole],
            Before = before,
            Others = Divided(others),
            Interval = request.Interval, Gate = request.Gate, GateTimeout = request.GateTimeout, Failures = request.Failures,
            MinReady = request.MinReady, IsForced = request.IsForced,
            Since = now, By = request.By, Reason = request.Reason,
        };
        IReadOnlyList<string> refusals = request.IsForced ? [] : [.. cluster.Proxies.Where(proxy => proxy.MayServe(request.Set)).Select(static proxy => proxy.WhyNoShares).OfType<string>(), .. floor.Check(rollout.Label, rollout.SharesAt(Math.Max(1, rollout.Share)), rollout.To, rollout.MinReady)];
        if (refusals.Count > 0)
        {
            (result, reasons) = (RolloutResult.NotSafe, refusals);
            return null;
        }

        return RolloutProxies.Noted(rollout, cluster);
    }

    /// <summary>What one should know who takes it back: without a split the value has what its members have. Null where that is no more than the first step, or there was one.</summary>
    public static string? WhyBackIsMore(Rollout rollout, OperatorView cluster)
    {
        var ready = new RolloutFloor(cluster, rollout.Set).ReadyBy(rollout.Label);
        var share = ready.Values.Sum() is > 0 and var all ? (int)Math.Round((double)Split.Whole * ready.GetValueOrDefault(rollout.To) / all) : 0;
        return rollout.Before is not null || share <= rollout.Share ? null
            : $"set {Text(rollout.Set)} was not split, so that {SafeText.Shorten(rollout.To)} had {SplitRecord.Text(share)}% of the calls by its ready members, and has them again where it is aborted or undone; where a gate refuses it it gets none. To have it begin with none, and go back to that, write 'kamrpc split' with 0 for it before its members are announced";
    }

    private static Rollout? PlanRestart(RolloutRequest request, OperatorView cluster, RolloutView view, DateTimeOffset now, out RolloutResult result, out IReadOnlyList<string> reasons)
    {
        var restart = RollingPlanner.Begin(request, cluster, out var unknown);
        if (restart is null || WhyTaken(request, view) is not null)
        {
            result = restart is null ? RolloutResult.Unknown : RolloutResult.Refused;
            reasons = [unknown ?? WhyTaken(request, view)!];
            return null;
        }

        var rollout = new Rollout(request.Set, NewId(), request.Kind, string.Empty, string.Empty)
        {
            Restart = restart, Failures = request.Failures, MinReady = request.MinReady, IsForced = request.IsForced, Since = now, By = request.By, Reason = request.Reason,
        };
        var first = RollingPlanner.Next(rollout, restart, cluster);
        IReadOnlyList<string> refusals = first.Kind != RollingMoveKind.Drain ? [$"nobody of those who are meant can be restarted: {string.Join("; ", first.Told.Concat(first.Names.Select(name => $"{name}: {RollingPlanner.WhyNotThere(cluster, new MemberKey(request.Set, name))}")))}"]
            : request.IsForced ? []
            : [.. RollingPlanner.Check(rollout, cluster, first.Names).Refusals, .. RollingPlanner.Unannounced(request, cluster), .. RollingPlanner.WhyUncounted(restart, cluster, request.Set)];
        result = refusals.Count == 0 ? RolloutResult.Written : first.Kind == RollingMoveKind.Drain ? RolloutResult.NotSafe : RolloutResult.Refused;
        reasons = refusals;
        return refusals.Count == 0 ? RolloutProxies.Noted(rollout, cluster) : null;
    }

    private static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>In thousandths, together all of them.</summary>
    private static ImmutableSortedDictionary<string, int> Divided(List<KeyValuePair<string, int>> weights)
    {
        var sum = weights.Sum(static weight => weight.Value);
        var shares = weights.ToDictionary(static weight => weight.Key, weight => (int)((long)weight.Value * Split.Whole / sum), StringComparer.Ordinal);
        shares[weights[0].Key] += Split.Whole - shares.Values.Sum();
        return shares.ToImmutableSortedDictionary(StringComparer.Ordinal);
    }

    private static string? Unknown(RolloutRequest request, OperatorView cluster)
    {
        List<Member> members = [.. cluster.Members.Select(static announced => announced.Member).Where(member => member.Key.Set == request.Set)];
        if (members.Count == 0)
        {
            return $"nobody is announced in set {Text(request.Set)}; {Listed("there are sets", cluster.Members.Select(static announced => Text(announced.Member.Key.Set)), "nobody is announced at all")}";
        }

        if (!members.Exists(member => member.Labels.ContainsKey(request.Label)))
        {
            return $"no member of set {Text(request.Set)} has the label '{SafeText.Shorten(request.Label)}'; {Listed("the labels there are", members.SelectMany(static member => member.Labels.Keys), "nobody has any label there")}";
        }

        return members.Exists(member => member.Labels.GetValueOrDefault(request.Label) == request.To)
            ? null
            : $"no member of set {Text(request.Set)} has {SafeText.Shorten(request.Label)}={SafeText.Shorten(request.To)}; {Listed($"{SafeText.Shorten(request.Label)} there is", members.Select(member => member.Labels.GetValueOrDefault(request.Label)).OfType<string>(), "")}";
    }

    private static string? WhyTaken(RolloutRequest request, RolloutView view) =>
        view.Error is { } error ? $"the rollout of set {Text(request.Set)} in etcd cannot be read ({error}): delete its record to begin another one"
        : view.Rollout is { HasEnded: false } other ? $"set {Text(request.Set)} has a rollout: {RolloutText.Of(other.Kind)}, {RolloutText.Of(other.Phase)}, {RolloutText.StepOf(other)}, by {SafeText.Shorten(other.By)}; 'kamrpc rollout status {Text(request.Set)}', 'kamrpc rollout abort {Text(request.Set)}'"
        : null;

    private static string? WhyRefused(RolloutRequest request, RolloutView view) =>
        WhyTaken(request, view) is { } taken ? taken
        : view.SplitError is { } unreadable ? $"the split of set {Text(request.Set)} cannot be read ({unreadable})"
        : view.Split is { } split && split.Label != request.Label ? $"set {Text(request.Set)} has a split by '{SafeText.Shorten(split.Label)}' ({RolloutText.Of(split.Shares)}), and not by '{SafeText.Shorten(request.Label)}': take that back first"
        : view.Split?.Shares.GetValueOrDefault(request.To) is Split.Whole ? $"{request.Label}={request.To} has 100% in set {Text(request.Set)} already"
        : request.Kind == RolloutKind.Canary && view.Split?.Shares.GetValueOrDefault(request.To) is { } now && now > request.Steps[0] ? $"{request.Label}={request.To} has {SplitRecord.Text(now)}% already, and the first step would take calls from it: begin with more than {SplitRecord.Text(request.Steps[0])}"
        : null;

    /// <summary>Who would get no calls from the first step on without having been meant.</summary>
    private static string? Unshared(RolloutRequest request, IReadOnlyDictionary<string, int> ready, ImmutableSortedDictionary<string, int>? before, List<KeyValuePair<string, int>> others) =>
        others.Count == 0 ? $"no other value of '{request.Label}' has a ready member in set {Text(request.Set)}, from which {request.Label}={request.To} could take calls over"
        : before is null && !request.IsForced && ready.GetValueOrDefault(string.Empty) is > 0 and var count ? $"{Text(count)} ready member{(count == 1 ? " has" : "s have")} no label '{request.Label}' in set {Text(request.Set)}, and would get no calls any more: give {(count == 1 ? "it" : "them")} one first; --force begins nevertheless"
        : null;

    private static string Listed(string lead, IEnumerable<string> texts, string none)
    {
        List<string> all = [.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(static text => SafeText.Shorten(text))];
        return all.Count == 0 ? none : $"{lead} {string.Join(", ", all.Take(MostNamed))}{(all.Count > MostNamed ? $" and {Text(all.Count - MostNamed)} more" : string.Empty)}";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
