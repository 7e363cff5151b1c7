using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>Why a member gets calls or not, in one sentence.</summary>
/// <param name="IsAsItShouldBe">Whether it gets calls everywhere it should, and nowhere else.</param>
/// <param name="Text">The sentence.</param>
internal sealed record MemberVerdict(bool IsAsItShouldBe, string Text)
{
    private const int MostCauses = 3;

    public static MemberVerdict Of(MemberExplanation explained)
    {
        var name = SafeText.Shorten(explained.Key.Name, MemberValidation.MaxNameLength);
        if (explained.Member is not { } member)
        {
            var before = explained.Calls.Cluster.Sources.Count == 0 && MemberValidation.CheckName(explained.Key.Name) is null ? "; one that was usable before may still be in force" : string.Empty;
            return new MemberVerdict(false, $"{name} gets no calls by this record, which cannot be used ({SafeText.Shorten(explained.Rejected!.Reason, 200)}){before}.");
        }

        if (explained.Calls.Proxies.Count == 0)
        {
            return new MemberVerdict(false, $"{name} gets no calls that anybody knows of: no proxy reports, so no dispatcher is running, or none reaches etcd.");
        }

        List<MemberView> views = [.. explained.Views()];
        if (views.Count == 0)
        {
            return new MemberVerdict(false, ElsewhereFindings.SourcesOf(explained.Key.Set, explained.Calls) is { Count: > 0 } sources
                ? $"{name} gets no calls by its record in etcd, which no proxy follows: {string.Join("; ", sources)}; {ElsewhereFindings.Where}."
                : FormattableString.Invariant($"{name} gets no calls: no proxy serves set {explained.Key.Set}."));
        }

        List<MemberView> wrong = [.. views.Where(static view => !view.IsAsItShouldBe)];
        if (wrong.Count > 0)
        {
            var right = views.Count - wrong.Count;
            var elsewhere = right == 0 ? string.Empty : $"; {(right == 1 ? "another proxy has" : FormattableString.Invariant($"{right} other proxies have"))} it as it should be";
            var held = explained.Holder is { } holder && wrong.Exists(static view => view.Calls == CallState.None) ? $" ({SafeText.Shorten(holder.Key.Name, 64)} is followed at its address)" : string.Empty;
            var release = Release(wrong.Find(static view => view.Deviation is { Kind: DeviationKind.Held })?.Deviation, explained);
            var drained = member.IsDrained ? $"; {Drain(explained)}" : string.Empty;
            return new MemberVerdict(false, $"{name} {Causes(wrong)}{held}{elsewhere}{release}{drained}.");
        }

        return member switch
        {
            { Announced: null } when views.Find(static view => view.Deviation is { Kind: DeviationKind.Held }) is { } held => new MemberVerdict(false, $"{name} is kept as it was on {held.Lens.Name}: {held.Text}{Release(held.Deviation, explained)}."),
            { Announced: null } => new MemberVerdict(true, $"{name} gets no calls, as it should: it has left."),
            { IsReady: true } => new MemberVerdict(explained.Rejected is null, $"{name} {Getting(explained.Key, views)}{(explained.Rejected is null ? string.Empty : ", by an earlier record: the newest one cannot be used")}."),
            { Announced: { } record } when explained.Holder is { State: MemberState.Ready } ready && explained.Set!.Members.Any(other => other.Key == ready.Key && other.Calls is CallState.All or CallState.Some) => new MemberVerdict(
                false,
                $"{name} is {MemberText.StateName(record)}, but its address gets calls: {SafeText.Shorten(ready.Key.Name, MemberValidation.MaxNameLength)} has it too, is ready, and is followed."),
            { IsDrained: true } => new MemberVerdict(true, $"{name} gets no calls, as it should: {Drain(explained)}."),
            { Announced.IsIdle: true } => new MemberVerdict(true, $"{name} gets no calls, as it should: the split of its set gives it no share{(explained.Intent is { Intent.IsDrained: true } ? $"; and {Drain(explained)}" : string.Empty)}; kamrpc split {Ages.Number(explained.Key.Set)} shows it."),
            { Announced.Member: var announced } => new MemberVerdict(true, $"{name} gets no calls, as it should: it is {MemberStateName.Of(announced.State)}{(string.IsNullOrEmpty(announced.Reason) ? string.Empty : $" ({SafeText.Shorten(announced.Reason, MemberValidation.MaxReasonLength)})")}{(explained.Intent is { Intent.IsDrained: true } ? $"; and {Drain(explained)}" : string.Empty)}."),
        };
    }

    /// <summary>Where it gets calls, and where only what fails over.</summary>
    private static string Getting(MemberKey key, List<MemberView> views)
    {
        List<MemberView> left = [.. views.Where(static view => view.Calls == CallState.FailOver)];
        List<MemberView> called = [.. views.Except(left)];
        var calls = called.Count == 0 ? null : $"gets calls on {ProxyNames.Of(called.Select(static view => view.Lens))}{Starting(key, called)}";
        var others = left.GroupBy(static view => view.Text, StringComparer.Ordinal).Select(same => $"on {ProxyNames.Of(same.Select(static view => view.Lens))} {same.Key}").ToList();
        return calls is null ? $"gets no calls of its own: {string.Join("; ", others)}" : string.Join("; ", others.Prepend(calls));
    }

    /// <summary>By the least that it gets of its share.</summary>
    private static string Starting(MemberKey key, List<MemberView> views) =>
        views.Where(view => view.Lens.StartOf(key) is not null).MinBy(view => view.Lens.StartOf(key)) is { } least ? $", and {MemberText.Starting(least.Lens, key)}{(views.Count > 1 ? $" on {least.Lens.Name}" : string.Empty)}" : string.Empty;

    /// <summary>Who has drained it, when and why, and how that is undone.</summary>
    private static string Drain(MemberExplanation explained) =>
        $"{IntentText.Sentence(explained.Intent!.Intent, explained.Calls.Now)}; {IntentText.Resume(explained.Key.Set, [explained.Key.Name])}";

    /// <summary>What can be done about one that is held; who is doubted for a moment is not, and goes by itself.</summary>
    private static string Release(Deviation? held, MemberExplanation explained) => held is null or { IsDoubted: true } ? string.Empty
        : $"; {DeviationText.Release(explained.Calls.Cluster)} lets it go";

    /// <summary>Each cause with the proxies that have it: what is so at one is not said of another.</summary>
    private static string Causes(List<MemberView> wrong)
    {
        var causes = wrong.GroupBy(static view => view.Cause).Select(static same => same.ToList()).ToList();
        var rest = causes.Skip(MostCauses).Sum(static same => same.Count);
        return string.Join("; ", causes.Take(MostCauses).Select(static same => $"{Verb(same)} on {ProxyNames.Of(same.Select(static view => view.Lens))}: {same[0].Text}"))
            + (rest > 0 ? $"; and more on {Ages.Number(rest)} other{(rest == 1 ? " proxy" : " proxies")}" : string.Empty);
    }

    private static string Verb(List<MemberView> wrong) => wrong.TrueForAll(static view => view.Calls == CallState.FailOver) ? "gets no calls of its own"
        : wrong.TrueForAll(static view => view.Calls == CallState.None) ? "gets no calls"
        : wrong.TrueForAll(static view => view.IsFull) ? "gets no more calls"
        : wrong.TrueForAll(static view => view.Calls == CallState.All && !view.IsFull) ? "gets calls though it should not"
        : wrong.TrueForAll(static view => view.Calls == CallState.Unknown) ? "is not known to get calls"
        : "does not get calls as it should";
}
