using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>
/// Says who gets calls and who does not any more, and why: once a change, by comparing how each member stands with what was said of it last.
/// What is said of calls is what Kamailio's list shows, not what is wished.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class MemberLog(TimeProvider timeProvider, ILogger logger)
{
    /// <summary>More that change in the same way at a time are told in one line.</summary>
    private const int MostSingly = 20;

    /// <summary>How many are named in such a line.</summary>
    private const int MostNamed = 10;

    /// <summary>Of one that flaps. What was left out is told when there is room again, as it is then.</summary>
    private const int MostLinesOfOne = 10;

    /// <summary>Names may come from outside, any number of them.</summary>
    private const int MostRemembered = 10_000;

    private readonly LogLimits<MemberKey> _limits = new(timeProvider, MostLinesOfOne);
    private readonly LogLimits<(int Set, ChangeKind Kind)> _manyLimits = new(timeProvider, MostLinesOfOne);
    private readonly LogLimit _vanishedLimit = new(timeProvider, MostLinesOfOne);

    /// <summary>What was said last; null before the first cycle.</summary>
    private Dictionary<MemberKey, MemberStanding>? _told;

    /// <summary>Those that have had calls: they get them again, and do not join.</summary>
    private readonly HashSet<MemberKey> _served = [];

    /// <summary>What this tool changed, or may have changed, since the cycle before.</summary>
    private HashSet<ListedKey> _changed = [];
    private KamailioInstance _instance;

    /// <summary>Whether something is to be told by and by, though nothing changes any more.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Takes note of a cycle. The first one of a daemon tells nothing: what stands there then it did not see happen.</summary>
    /// <param name="cycle">What it saw.</param>
    /// <param name="standings">What that comes to.</param>
    public void Observe(CycleSituation cycle, Dictionary<MemberKey, MemberStanding?> standings)
    {
        var told = _told;
        var next = new Dictionary<MemberKey, MemberStanding>();
        var changes = new List<MemberChange>();
        HashSet<EndpointKey>? served = null;
        foreach (var (key, found) in standings)
        {
            var before = told is null || !told.TryGetValue(key, out var last) ? (MemberStanding?)null : last;
            if (found is not { } now)
            {
                // Of itself nothing can be said: what was said last holds until there is something again.
                if (before is { } silent)
                {
                    next[key] = silent with { Listed = null };
                }

                continue;
            }

            if (told is null || IsPassing(cycle, key, before, now))
            {
                next[key] = before is { } known ? known with { Uri = now.Uri, Listed = now.Listed } : now;
            }
            else if (before is { } same && ((same.IsSame(now) && !same.HasMovedTo(now)) || (same.IsServedByOthers && now is { GetsCalls: true, Cause: StandingCause.Ready })))
            {
                next[key] = now;
            }
            else
            {
                changes.Add(new MemberChange(key, before, now));
            }
        }

        foreach (var (key, before) in told ?? [])
        {
            // Neither announced nor listed any more. That it went later than its calls is told too, unless nobody remembers why.
            // One whose address gets calls, by another's entry, has not lost them.
            var now = before with { GetsCalls = false, IsServedByOthers = false, Cause = MemberStandings.CauseOf(key, cycle.Membership), Detail = string.Empty, Listed = null };
            if (!standings.ContainsKey(key) && !now.IsSame(before) && (before.GetsCalls || now.Cause != StandingCause.Gone)
                && !(served ??= MemberStandings.Served(cycle)).Contains(new EndpointKey(key.Set, Spelling.EndpointOf(before.Uri))))
            {
                changes.Add(new MemberChange(key, before, now));
            }
        }

        IsPending = false;
        TellVanished(cycle, standings);
        Tell(changes, next);
        Remember(standings, next);
        _told = next;
        _changed = [.. cycle.Plan.Changes.Select(static change => new ListedKey(change.Set, change.Uri))];
        _instance = cycle.Table.Instance;
    }

    /// <summary>
    /// Whether nothing is said of it yet: it is about to be put back as it was, and what is said when that is done is the same as before. That
    /// it is disabled by somebody else's hand is said.
    /// </summary>
    private bool IsPassing(CycleSituation cycle, MemberKey key, MemberStanding? before, MemberStanding now) => now.Cause switch
    {
        _ when now.IsServedByOthers => false,
        StandingCause.NotListed => true,
        StandingCause.Moved => cycle.Plan.Adds.Concat(cycle.Plan.Replacements.Select(static replacement => replacement.Add)).Any(add => add.Set == key.Set && AttributeText.Duid(add.Attributes) == key.Name),
        StandingCause.Disabled => before is not { GetsCalls: true, Listed: not null } || IsOurs(key, now),
        _ => now.GetsCalls && now.Cause != StandingCause.Ready && (before is not { GetsCalls: false, Listed: ListedState.Disabled } || IsOurs(key, now)),
    };

    private bool IsOurs(MemberKey key, MemberStanding standing) =>
        _changed.Contains(new ListedKey(key.Set, standing.Uri)) || _changed.Contains(new ListedKey(key.Set, Spelling.Second(standing.Uri)));

    /// <summary>A reload, or removals by hand: within one life of Kamailio entries of ours are gone that nobody took away here.</summary>
    private void TellVanished(CycleSituation cycle, Dictionary<MemberKey, MemberStanding?> standings)
    {
        if (_told is null || cycle.Table.Instance != _instance)
        {
            return;
        }

        var vanished = _told.Where(pair => pair.Value.Listed is not null && standings.GetValueOrDefault(pair.Key) is { Cause: StandingCause.NotListed } now && !IsOurs(pair.Key, now)).Select(static pair => pair.Key).ToList();
        if (vanished.Count > 0 && _vanishedLimit.Allows())
        {
            MemberMessages.Vanished(logger, vanished.Count, Names(vanished));
        }
    }

    private void Tell(List<MemberChange> changes, Dictionary<MemberKey, MemberStanding> next)
    {
        foreach (var group in changes.GroupBy(change => (change.Key.Set, Kind: Kind(change), change.Now.Cause)))
        {
            var many = group.ToList();
            var isTogether = many.Count > MostSingly;
            var isToldTogether = isTogether && _manyLimits.Allows((group.Key.Set, group.Key.Kind));
            if (isToldTogether)
            {
                MemberMessages.Many(logger, group.Key.Kind, group.Key.Set, many.Count, Names([.. many.Select(static change => change.Key)]), many[0].Now with { Detail = string.Empty });
            }

            foreach (var change in many)
            {
                if (isTogether ? isToldTogether : _limits.Allows(change.Key))
                {
                    next[change.Key] = change.Now;
                    if (!isTogether)
                    {
                        MemberMessages.One(logger, group.Key.Kind, change.Key, change.Now, change.Before);
                    }
                }
                else
                {
                    IsPending = true;
                    if (change.Before is { } before)
                    {
                        // What is said of it is of before; whether it is listed is not, or its next coming would be taken for a loss.
                        next[change.Key] = before with { Listed = change.Now.Listed };
                    }
                }
            }
        }
    }

    private ChangeKind Kind(MemberChange change) => change switch
    {
        { Now.IsServedByOthers: true } => ChangeKind.ServedByOthers,
        { Now: { GetsCalls: true, Cause: not StandingCause.Ready } } => ChangeKind.EnabledByOthers,
        { Before: { GetsCalls: true, Cause: StandingCause.Ready } before } when before.HasMovedTo(change.Now) => ChangeKind.Moved,
        { Now.Cause: StandingCause.Disabled } => ChangeKind.DisabledByOthers,
        { Now.Cause: StandingCause.FoundDead } => ChangeKind.FoundDead,
        { Now.GetsCalls: true, Before.Cause: StandingCause.FoundDead } => ChangeKind.Answers,
        { Now.GetsCalls: true } when !_served.Contains(change.Key) => ChangeKind.Joined,
        { Now.GetsCalls: true, Before.Cause: StandingCause.Drained } => ChangeKind.Resumed,
        { Now.GetsCalls: true, Before.Cause: StandingCause.Draining or StandingCause.Down or StandingCause.Disabled or StandingCause.SetInactive or StandingCause.AwaitsProof } => ChangeKind.ReadyAgain,
        { Now.GetsCalls: true } => ChangeKind.Back,
        { Before.GetsCalls: true } => ChangeKind.Lost,
        _ => ChangeKind.StillWithout,
    };

    private void Remember(Dictionary<MemberKey, MemberStanding?> standings, Dictionary<MemberKey, MemberStanding> next)
    {
        if (_served.Count > MostRemembered)
        {
            _served.IntersectWith(next.Keys);
        }

        _served.UnionWith(next.Where(static pair => pair.Value.GetsCalls).Select(static pair => pair.Key));

        // One that is gone altogether was told of.
        foreach (var gone in next.Where(pair => !pair.Value.GetsCalls && !standings.ContainsKey(pair.Key)).Select(static pair => pair.Key).ToList())
        {
            next.Remove(gone);
        }
    }

    private static string Names(List<MemberKey> keys) =>
        string.Join(", ", keys.Take(MostNamed).Select(static key => SafeText.Shorten(key.Name))) + (keys.Count > MostNamed ? FormattableString.Invariant($" and {keys.Count - MostNamed} more") : string.Empty);

    private sealed record MemberChange(MemberKey Key, MemberStanding? Before, MemberStanding Now);
}

/// <summary>What has changed for a member.</summary>
internal enum ChangeKind
{
    /// <summary>It gets calls for the first time in this daemon's life.</summary>
    Joined,

    /// <summary>It gets calls again, since it says that it is ready.</summary>
    ReadyAgain,

    /// <summary>It gets calls again, since no operator drains it any more.</summary>
    Resumed,

    /// <summary>It gets calls again.</summary>
    Back,

    /// <summary>It gets calls at another address, and had them at one before.</summary>
    Moved,

    /// <summary>It gets no more calls.</summary>
    Lost,

    /// <summary>It gets no calls as before, for another reason.</summary>
    StillWithout,

    /// <summary>Kamailio's pings find it dead.</summary>
    FoundDead,

    /// <summary>Kamailio's pings find it alive again.</summary>
    Answers,

    /// <summary>Somebody else has disabled it.</summary>
    DisabledByOthers,

    /// <summary>Somebody else has enabled it.</summary>
    EnabledByOthers,

    /// <summary>It is to get no calls, and somebody else's entry at its address has them go there.</summary>
    ServedByOthers,
}
