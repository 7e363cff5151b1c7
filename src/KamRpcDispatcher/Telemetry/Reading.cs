using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Telemetry;

/// <summary>A member as metrics tell it.</summary>
/// <param name="Key">Which.</param>
/// <param name="State">One of <see cref="MemberReading.States"/>.</param>
/// <param name="IsRoutable">Whether Kamailio may send calls there.</param>
internal readonly record struct MemberReading(MemberKey Key, string State, bool IsRoutable)
{
    public const string Ready = "ready";
    public const string Drained = "drained";
    public const string Held = "held";
    public const string Quarantined = "quarantined";
    public const string Rejected = "rejected";

    /// <summary>The states; each member is in one, and a record that cannot be used counts beside its member.</summary>
    public static IReadOnlyList<string> States { get; } = [Ready, MemberStateName.Of(MemberState.Draining), MemberStateName.Of(MemberState.Down), Drained, Held, Quarantined, Rejected];
}

/// <summary>What one cycle saw, as metrics tell it: made when somebody asks, from values that nobody changes any more.</summary>
internal sealed class Reading
{
    private readonly CycleSituation _cycle;

    public Reading(CycleSituation cycle)
    {
        _cycle = cycle;
        var routable = new RoutableMembers(cycle);
        var refused = cycle.Plan.Skips.Where(static skip => skip.Reason == SkipReason.Quarantined).Select(static skip => new ListedKey(skip.Set, Spelling.First(skip.Uri))).ToHashSet();
        Members =
        [
            .. cycle.Membership.Members.Where(static member => !ClassSets.Has(member.Key.Set)).Select(member => new MemberReading(member.Key, StateOf(member), routable.Has(member))),
            .. cycle.Held.Where(static member => !ClassSets.Has(member.Key.Set)).Select(member => new MemberReading(member.Key, MemberReading.Held, routable.Has(member))),
        ];

        string StateOf(Member member) =>
            cycle.Membership.Drained.Contains(member.Key) ? MemberReading.Drained
            : member.State != MemberState.Ready ? MemberStateName.Of(member.State)
            : refused.Contains(new ListedKey(member.Key.Set, member.Uri.Text)) ? MemberReading.Quarantined
            : MemberReading.Ready;
    }

    public IReadOnlyList<MemberReading> Members { get; }

    /// <summary>The entries that are not of kamrpc's own sets.</summary>
    public IEnumerable<ListedDestination> Destinations => _cycle.Table.Destinations.Where(static entry => !Sentinel.Is(entry) && !ClassSets.Has(entry.Set));

    /// <summary>How many members each set has in each state.</summary>
    /// <param name="sets">The sets to tell of, whether they have any or not.</param>
    public IEnumerable<(int Set, string State, int Count)> MemberCounts(IEnumerable<int> sets)
    {
        var counts = Members.Select(static member => (member.Key.Set, member.State))
            .Concat(_cycle.Membership.Rejected.Where(static record => record.Member is not null).Select(static record => (record.Member!.Value.Set, State: MemberReading.Rejected)))
            .CountBy(static member => member).ToDictionary();
        return
            from set in counts.Keys.Select(static key => key.Set).Union(sets).Order()
            from state in MemberReading.States
            select (set, state, counts.GetValueOrDefault((set, state)));
    }
}

/// <summary>To whom Kamailio may send calls, by what a cycle saw: in the set itself, or in that of the member's class.</summary>
internal sealed class RoutableMembers(CycleSituation cycle)
{
    private readonly EntryIndex _index = new(cycle.Table.Destinations);

    public bool Has(Member member) => IsRoutable(member) || cycle.Membership.ClassKeys[member.Key].Any(classKey => IsRoutable(member with { Key = classKey }));

    private bool IsRoutable(Member member) => _index.Of(member).Any(static entry => entry.IsRoutable);
}
