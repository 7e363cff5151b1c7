using System.Collections.Immutable;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>How a set goes over to another value of a label.</summary>
public enum RolloutKind
{
    /// <summary>Step by step, with a gate after each.</summary>
    Canary,

    /// <summary>At once, when the other side is whole.</summary>
    BlueGreen,

    /// <summary>Its members are restarted, some at a time. It has no label, no value and no shares.</summary>
    Rolling,
}

/// <summary>How a rollout is.</summary>
public enum RolloutPhase
{
    /// <summary>Its runner goes on by itself.</summary>
    Running,

    /// <summary>The shares stay as they are until somebody decides.</summary>
    Paused,

    /// <summary>The last step is in force. It can be undone.</summary>
    Done,

    /// <summary>Somebody ended it: the shares are those of before.</summary>
    Aborted,

    /// <summary>Its gate said no too often: the shares are those of before; where there were none, <see cref="Rollout.To"/> has no calls.</summary>
    Failed,

    /// <summary>It was done, and somebody took it back: the shares are those of before.</summary>
    Undone,
}

/// <summary>A rollout of a set: what is wished, and how far it is. Shares are in thousandths of all calls, as in <see cref="Split"/>.</summary>
/// <param name="Set">The set.</param>
/// <param name="Id">Tells it from an earlier and a later one.</param>
/// <param name="Kind">How it goes.</param>
/// <param name="Label">The label by whose values calls are shared.</param>
/// <param name="To">The value that is to get them.</param>
public sealed record Rollout(int Set, string Id, RolloutKind Kind, string Label, string To)
{
    /// <summary>As often a gate may say no, one after another, before the shares go back.</summary>
    public const int DefaultFailures = 2;

    /// <summary>As many steps a rollout has.</summary>
    public const int MostSteps = 100;

    internal static readonly ImmutableSortedDictionary<string, int> NoProxies = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    /// <summary>The shares of <see cref="To"/>, ascending.</summary>
    public ImmutableArray<int> Steps { get; init; } = [];

    /// <summary>Which of <see cref="Steps"/> is wished now.</summary>
    public int Step { get; init; }

    /// <summary>The shares before it; null where the set had no split.</summary>
    public ImmutableSortedDictionary<string, int>? Before { get; init; }

    /// <summary>How the other values divide what is left, together <see cref="Split.Whole"/>.</summary>
    public ImmutableSortedDictionary<string, int> Others { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>How long a step is in force before its gate is asked; of a blue/green how long it can still be said to be under way.</summary>
    public TimeSpan Interval { get; init; }

    /// <summary>Of a <see cref="RolloutKind.Rolling"/> who is restarted, and how far that is; null for another kind.</summary>
    public RollingRestart? Restart { get; init; }

    /// <summary>For <c>/bin/sh -c</c>; null where nothing is asked.</summary>
    public string? Gate { get; init; }

    /// <summary>How long the gate may take.</summary>
    public TimeSpan GateTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>As often the gate may say no, one after another, before the shares go back.</summary>
    public int Failures { get; init; } = DefaultFailures;

    /// <summary>How often it has, since it last said yes.</summary>
    public int Failed { get; init; }

    /// <summary>How many ready members of <see cref="To"/> a step needs.</summary>
    public MinReady MinReady { get; init; } = MinReady.Default;

    /// <summary>Whether steps are made whatever is ready.</summary>
    public bool IsForced { get; init; }

    /// <summary>The proxies that reported while it went on, by name, and which of the steps each is known to have had last, from 1 on; 0 for none. Whoever of them does not report any more is waited for.</summary>
    public ImmutableSortedDictionary<string, int> Proxies { get; init; } = NoProxies;

    public RolloutPhase Phase { get; init; }

    /// <summary>Since when the phase and the step are so, by the clock of who wrote it.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Who began it, such as <c>user@host</c>.</summary>
    public string By { get; init; } = string.Empty;

    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>What was said last: by the gate, or of who paused it.</summary>
    public string? Message { get; init; }

    /// <summary>Whether nothing more happens by itself, and the set may have another one.</summary>
    public bool HasEnded => Phase is not (RolloutPhase.Running or RolloutPhase.Paused);

    public bool IsLastStep => Restart is not null || Step == Steps.Length - 1;

    /// <summary>The share of <see cref="To"/> that is wished now.</summary>
    public int Share => Steps[Step];

    /// <summary>How long this step is in force before it is done with.</summary>
    public TimeSpan Pause => Kind == RolloutKind.BlueGreen && !IsLastStep ? TimeSpan.Zero : Interval;

    /// <summary>Whether the shares are, or are to be, those of before.</summary>
    public bool IsTakenBack => Phase is RolloutPhase.Aborted or RolloutPhase.Failed or RolloutPhase.Undone;

    /// <summary>The shares that it wishes now; null for no split.</summary>
    public ImmutableSortedDictionary<string, int>? Wished => Restart is not null ? null
        : IsWithoutCalls ? SharesAt(0)
        : IsTakenBack ? Before
        : SharesAt(Share);

    /// <summary>Whether its gate has refused <see cref="To"/>, and nobody had divided calls before: by as many as its members would get then it would have more of them than in a step.</summary>
    public bool IsWithoutCalls => Phase == RolloutPhase.Failed && Before is null && Restart is null;

    /// <summary>The shares of all values where <see cref="To"/> has this one. What does not divide goes to those who lack most of it.</summary>
    public ImmutableSortedDictionary<string, int> SharesAt(int share)
    {
        var rest = Split.Whole - share;
        var exact = Others.Select(other => (other.Key, Share: (long)other.Value * rest / Split.Whole, Lacks: (long)other.Value * rest % Split.Whole)).ToList();
        var left = rest - exact.Sum(static other => other.Share);
        var more = exact.OrderByDescending(static other => other.Lacks).ThenBy(static other => other.Key, StringComparer.Ordinal).Take((int)left).Select(static other => other.Key).ToHashSet(StringComparer.Ordinal);
        var shares = exact.Select(other => KeyValuePair.Create(other.Key, (int)other.Share + (more.Contains(other.Key) ? 1 : 0)));
        return ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, shares.Append(KeyValuePair.Create(To, share)));
    }
}

/// <summary>The words for a rollout.</summary>
public static class RolloutText
{
    public static string Of(RolloutKind kind) => kind switch
    {
        RolloutKind.Canary => "canary",
        RolloutKind.BlueGreen => "bluegreen",
        _ => "rolling",
    };

    public static string Of(RolloutPhase phase) => phase switch
    {
        RolloutPhase.Running => "running",
        RolloutPhase.Paused => "paused",
        RolloutPhase.Done => "done",
        RolloutPhase.Aborted => "aborted",
        RolloutPhase.Failed => "failed",
        _ => "undone",
    };

    /// <summary><c>v1 95%, v2 5%</c>; <c>no split</c>.</summary>
    public static string Of(IReadOnlyDictionary<string, int>? shares) =>
        shares is null ? "no split" : string.Join(", ", shares.Select(static share => $"{share.Key} {SplitRecord.Text(share.Value)}%"));

    /// <summary>Why nothing is decided beside a rollout that cannot be read, a sentence.</summary>
    public static string Unreadable(int set, string key) => FormattableString.Invariant($"set {set} has a rollout that cannot be read, so that nobody knows what it decides on: delete {key} with etcdctl");

    /// <summary><c>step 2 of 4, version=v2 25%</c>; <c>2 of 6 restarted</c>.</summary>
    public static string StepOf(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return rollout.Restart is { } restart ? RollingText.Of(restart) : FormattableString.Invariant($"step {rollout.Step + 1} of {rollout.Steps.Length}, {rollout.Label}={rollout.To} {SplitRecord.Text(rollout.Share)}%");
    }
}
