using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>How far a rolling restart is with one member.</summary>
public enum RollingStage
{
    /// <summary>Its turn has not come.</summary>
    Waiting,

    /// <summary>It is drained by the rollout; its command has not ended well yet.</summary>
    Drained,

    /// <summary>Its command has ended well; the drain stays until it is ready.</summary>
    Ran,

    /// <summary>Its drain is taken back; that it gets calls is not seen yet.</summary>
    Resumed,

    /// <summary>It gets calls again, or stays drained by somebody else.</summary>
    Done,

    /// <summary>Nothing is done to it: it has gone, or somebody else drained it.</summary>
    Skipped,
}

/// <summary>A member of a rolling restart.</summary>
/// <param name="Name">Its name in the set.</param>
/// <param name="Uri">Its address, as it was announced when it was drained, or when the rollout began.</param>
/// <param name="Stage">How far it is.</param>
public sealed record RollingMember(string Name, string Uri, RollingStage Stage)
{
    /// <summary>Why it is skipped, or why it was paused before its turn; null for nothing.</summary>
    public string? Said { get; init; }
}

/// <summary>What is wished of a rolling restart, and how far it is. The list of members is made when it begins.</summary>
/// <param name="Exec">For <c>/bin/sh -c</c>, once for each member.</param>
/// <param name="Batch">As many members are drained together.</param>
public sealed record RollingRestart(string Exec, int Batch)
{
    /// <summary>As many members a batch has at most: their drains are written in one transaction.</summary>
    public const int MostInBatch = 32;

    /// <summary>As many members one has, so that its record has room.</summary>
    public const int MostMembers = 500;

    /// <summary>Why such a one is skipped.</summary>
    internal const string Gone = "it is not announced any more";

    /// <summary>Said of one that is still waiting: the rollout was paused since it was not there.</summary>
    internal const string Missed = "it was not there when its turn came";

    /// <summary>How long the command of one member may take.</summary>
    public TimeSpan ExecTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a member may take until it is ready again, and again until it gets calls; and how long one is waited for that is not announced when its turn comes.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a member is left drained of whose calls nobody knows; null where it is not restarted then.</summary>
    public TimeSpan? DrainTime { get; init; }

    public ImmutableArray<RollingMember> Members { get; init; } = [];

    /// <summary>Those whose drain is the rollout's.</summary>
    public IEnumerable<RollingMember> Drained => Members.Where(static member => member.Stage is RollingStage.Drained or RollingStage.Ran);

    /// <summary>Those whose command has ended well, whatever is still to come.</summary>
    public int Restarted => Members.Count(static member => member.Stage is RollingStage.Ran or RollingStage.Resumed or RollingStage.Done);

    /// <summary>Those who were not announced when their turn came: whoever asked for all of them to be restarted has not got that.</summary>
    public IReadOnlyList<string> Lost => [.. Members.Where(static member => member is { Stage: RollingStage.Skipped, Said: Gone }).Select(static member => member.Name)];

    /// <summary>The names of those who are so far.</summary>
    public IReadOnlyList<string> In(RollingStage stage) => [.. Members.Where(member => member.Stage == stage).Select(static member => member.Name)];

    /// <summary>The same with these at another stage.</summary>
    public RollingRestart With(IReadOnlyCollection<string> names, RollingStage stage, string? said = null) =>
        this with { Members = [.. Members.Select(member => names.Contains(member.Name) ? member with { Stage = stage, Said = said ?? member.Said } : member)] };
}

/// <summary>The words for a rolling restart.</summary>
public static class RollingText
{
    /// <summary>What becomes of one without a <see cref="RollingRestart.DrainTime"/>, where nobody is known to count the calls of some.</summary>
    /// <param name="names">Of whom; at least one.</param>
    public static string Uncounted(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return $"nobody says that he counts the calls of {NamesOf(names)} (an announcer with --ami does, unless it is an earlier one, and Kamailio where every proxy has KAMRPC_DIALOGS), so that it would pause with the first of them drained; --drain-time 10m says how long {(names.Count == 1 ? "it is" : "they are")} left drained instead";
    }

    public static string Of(RollingStage stage) => stage switch
    {
        RollingStage.Waiting => "waiting",
        RollingStage.Drained => "drained",
        RollingStage.Ran => "ran",
        RollingStage.Resumed => "resumed",
        RollingStage.Done => "done",
        _ => "skipped",
    };

    /// <summary><c>2 of 6 restarted, 1 skipped, drained by it: c, d</c>.</summary>
    /// <param name="restart">The restart.</param>
    /// <param name="undrained">Those among the drained ones whose drain is not the rollout's any more, as far as anybody has looked.</param>
    public static string Of(RollingRestart restart, IReadOnlyCollection<string>? undrained = null)
    {
        ArgumentNullException.ThrowIfNull(restart);
        var (done, skipped, drained) = (restart.Restarted, restart.In(RollingStage.Skipped).Count, restart.Drained.Select(static member => member.Name).Except(undrained ?? [], StringComparer.Ordinal).ToList());
        return FormattableString.Invariant($"{done} of {restart.Members.Length} restarted")
            + (skipped > 0 ? FormattableString.Invariant($", {skipped} skipped") : string.Empty)
            + (drained.Count > 0 ? $", drained by it: {NamesOf(drained)}" : string.Empty)
            + (undrained is { Count: > 0 } ? $", NOT drained by it any more: {NamesOf(undrained)}" : string.Empty);
    }

    /// <summary><c>a, b and 3 more</c>, safe to print.</summary>
    public static string NamesOf(IReadOnlyCollection<string> names)
    {
        const int Most = 8;
        ArgumentNullException.ThrowIfNull(names);
        return string.Join(", ", names.Take(Most).Select(static name => SafeText.Shorten(name, MemberValidation.MaxNameLength))) + (names.Count > Most ? FormattableString.Invariant($" and {names.Count - Most} more") : string.Empty);
    }
}
