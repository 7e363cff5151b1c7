namespace KamRpcDispatcher.Plan;

/// <summary>What to change, phase after phase, so that no set shrinks before it has grown; and what was left as it is.</summary>
public sealed record ChangePlan
{
    /// <summary>First: what takes calls again at once.</summary>
    public IReadOnlyList<EnableDestination> Enables { get; init; } = [];

    /// <summary>Second: the newcomers.</summary>
    public IReadOnlyList<AddDestination> Adds { get; init; } = [];

    /// <summary>After those: what somebody else had put there and a change of ours took away, as it was.</summary>
    public IReadOnlyList<AddDestination> Restores { get; init; } = [];

    /// <summary>Third: what gets no calls any more.</summary>
    public IReadOnlyList<DisableDestination> Disables { get; init; } = [];

    /// <summary>Fourth: what gets no calls any more and cannot be disabled, because a state change reaches one copy of several only.</summary>
    public IReadOnlyList<RemoveDestination> Silencings { get; init; } = [];

    /// <summary>Fifth: those with other attributes or another priority, one after another.</summary>
    public IReadOnlyList<Replacement> Replacements { get; init; } = [];

    /// <summary>Last: what is disabled already. Nobody waits for it.</summary>
    public IReadOnlyList<RemoveDestination> Removes { get; init; } = [];

    /// <summary>What the membership asks for and the plan does not do.</summary>
    public IReadOnlyList<Skip> Skips { get; init; } = [];

    /// <summary>All changes, in order.</summary>
    public IEnumerable<Change> Changes =>
        [.. Enables, .. Adds, .. Disables, .. Restores, .. Silencings, .. Replacements.SelectMany(static replacement => replacement.Changes), .. Removes];

    public bool IsEmpty => Owed + Restores.Count == 0;

    /// <summary>What of it can be done without knowing what came of it: state changes.</summary>
    public ChangePlan StatesOnly() => new() { Enables = Enables, Disables = Disables, Skips = Skips };

    /// <summary>
    /// What of it takes nothing away and overrules nothing that is listed: all that may follow from a membership which was saved at another time,
    /// and may be older than the list.
    /// </summary>
    public ChangePlan AdditionsOnly() => new() { Adds = Adds, Skips = [.. Skips.Where(static skip => skip.Reason is not (SkipReason.RemovalDelayed or SkipReason.Unsilenced))] };

    /// <summary>Whether somebody still gets calls who should not: by a change of this plan, or because nothing can be done about it.</summary>
    public bool OwesSilence => Disables.Count + Silencings.Count > 0 || Skips.Any(static skip => skip.Reason == SkipReason.Unsilenced || skip.OwesSilence);

    /// <summary>Whether the list is what the membership asks for, what a single member does wrong apart: destinations that Kamailio refuses, and the like.</summary>
    public bool IsInForce => Owed == 0 && Skips.All(static skip => !skip.IsPending);

    /// <summary>How many changes are owed, a replacement counted once, and those that Kamailio does not take counted too.</summary>
    public int Drift => Owed + Skips.Count(static skip => skip.IsDrift);

    /// <summary>The same set by set, where there is any.</summary>
    public IReadOnlyDictionary<int, int> DriftBySet() =>
        Enables.Concat<Change>(Adds).Concat(Disables).Concat(Silencings).Concat(Removes).Select(static change => change.Set)
            .Concat(Replacements.Select(static replacement => replacement.Add.Set))
            .Concat(Skips.Where(static skip => skip.IsDrift).Select(static skip => skip.Set))
            .CountBy(static set => set)
            .ToDictionary();

    /// <summary>Changes that the membership asks for; what is put back for others is not.</summary>
    private int Owed => Enables.Count + Adds.Count + Disables.Count + Silencings.Count + Replacements.Count + Removes.Count;
}
