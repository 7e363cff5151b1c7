using System.Collections.Immutable;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>
/// Knows who has become ready since this daemon started, and how far the slow start is of those that announce one. Counted from when each was seen to be routable in this Kamailio's list, by the monotonic clock: clocks of others
/// say nothing here.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="whyNot">Why nobody can start slowly here; null where that can be.</param>
/// <param name="logger">Where to log.</param>
internal sealed class SlowStarts(TimeProvider timeProvider, string? whyNot, ILogger logger)
{
    /// <summary>As many cohorts of one set are at it: who comes then starts with the youngest. Their classes have numbers in etcd, of which there are 999.</summary>
    internal const int MostCohorts = 32;

    /// <summary>The time between two steps of one set.</summary>
    internal static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>How long a newcomer may be without calls because its class does not stand.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<MemberKey, Life> _ready = [];
    private readonly Dictionary<int, long> _steps = [];
    private bool _isPrimed;

    /// <summary>Whether somebody starts slowly.</summary>
    public bool AreAny { get; private set; }

    /// <summary>Takes note of who is ready, and says who starts slowly. Whoever is ready at first is not new; nor is anybody whose set has nobody routable that has been ready for longer than its slow start takes: then all are new.</summary>
    /// <param name="members">Everybody, in the home sets.</param>
    /// <param name="isComplete">Whether they are what the store has now: what was saved before may lack some who have been ready for long.</param>
    /// <param name="hasTable">Whether Kamailio has the table of share maps.</param>
    /// <param name="isRoutable">Whether one is routable in the home set or in a class.</param>
    public IReadOnlyDictionary<MemberKey, MemberStart> Observe(IReadOnlyCollection<Member> members, bool isComplete, bool hasTable, Func<Member, bool> isRoutable)
    {
        var ready = members.Where(static member => member.State == MemberState.Ready).DistinctBy(static member => member.Key).ToDictionary(static member => member.Key);
        foreach (var gone in _ready.Keys.Where(key => !ready.ContainsKey(key)).ToList())
        {
            _ready.Remove(gone);
        }

        var now = timeProvider.GetTimestamp();
        var areOlder = new Dictionary<(int Set, TimeSpan Duration), bool>();
        foreach (var member in ready.Values.Where(member => !_ready.ContainsKey(member.Key)).ToList())
        {
            var life = new Life(_isPrimed ? now : null);
            if (_isPrimed && member.SlowStart is { } duration && HasOlder(member.Key.Set, duration))
            {
                Begin(member, life, duration, hasTable);
            }

            _ready.Add(member.Key, life);
        }

        _isPrimed |= isComplete;
        foreach (var life in _ready.Values.Where(_ => !hasTable))
        {
            life.Cohort = null;
        }

        AreAny = _ready.Values.Any(static life => life.Cohort is not null);
        if (!AreAny)
        {
            return ImmutableDictionary<MemberKey, MemberStart>.Empty;
        }

        foreach (var (key, life) in _ready.Where(static one => one.Value is { Cohort: not null, WasRoutable: false }).ToList())
        {
            See(ready[key], life, isRoutable);
        }

        Advance();
        return _ready.Where(static one => one.Value.Cohort is not null).ToDictionary(
            static one => one.Key,
            one => new MemberStart(one.Value.Cohort!.Number, one.Value.Cohort.Tenths, timeProvider.GetElapsedTime(one.Value.Since!.Value) < Patience));

        bool HasOlder(int set, TimeSpan duration) => areOlder.TryGetValue((set, duration), out var known)
            ? known
            : areOlder[(set, duration)] = ready.Values.Any(other => other.Key.Set == set && IsOlder(other, duration) && isRoutable(other));
    }

    /// <summary>They stand where they are to stand after their slow start.</summary>
    public void Finish(IEnumerable<MemberKey> keys)
    {
        foreach (var key in keys)
        {
            if (_ready.TryGetValue(key, out var life) && life.Cohort is not null)
            {
                life.Cohort = null;
                ShareLog.Started(logger, key.Set, key.Name);
            }
        }
    }

    private bool IsOlder(Member other, TimeSpan duration) =>
        _ready.TryGetValue(other.Key, out var life) && (life.Since is not { } since || timeProvider.GetElapsedTime(since) >= duration);

    private void Begin(Member member, Life life, TimeSpan duration, bool hasTable)
    {
        var reason = whyNot ?? (hasTable ? null : "Kamailio has no table for shares: kamrpc doctor beside it says which lines to add");
        if (reason is not null)
        {
            ShareLog.NotSlow(logger, member.Key.Set, member.Key.Name, reason);
            return;
        }

        life.Cohort = CohortFor(member.Key.Set, duration);
        ShareLog.Starts(logger, member.Key.Set, member.Key.Name, DurationText.Of(duration));
    }

    /// <summary>The first time that it is routable. If its cohort has gone on meanwhile, it takes another one.</summary>
    private void See(Member member, Life life, Func<Member, bool> isRoutable)
    {
        if (!life.Cohort!.IsOpen(timeProvider))
        {
            life.Cohort = CohortFor(member.Key.Set, life.Cohort.Duration);
        }

        if (isRoutable(member))
        {
            life.WasRoutable = true;
            life.Cohort.Since ??= timeProvider.GetTimestamp();
        }
    }

    /// <summary>One that has just begun, or a new one.</summary>
    private Cohort CohortFor(int set, TimeSpan duration)
    {
        var there = _ready.Where(one => one.Key.Set == set && one.Value.Cohort is not null).Select(static one => one.Value.Cohort!).Distinct().ToList();
        var youngest = there.OrderByDescending(static cohort => cohort.Since ?? long.MaxValue).FirstOrDefault();
        return there.Find(cohort => cohort.Duration == duration && cohort.IsOpen(timeProvider))
            ?? (there.Count >= MostCohorts ? youngest! : new Cohort(Enumerable.Range(1, MostCohorts).First(number => !there.Exists(cohort => cohort.Number == number)), duration));
    }

    /// <summary>All cohorts of a set take their steps together, so that its map is not written more often.</summary>
    private void Advance()
    {
        foreach (var set in _ready.Where(static one => one.Value.Cohort is not null).GroupBy(static one => one.Key.Set, static one => one.Value.Cohort!))
        {
            if (_steps.TryGetValue(set.Key, out var last) && timeProvider.GetElapsedTime(last) < Step)
            {
                continue;
            }

            foreach (var cohort in set.Distinct().Where(cohort => cohort.TenthsAt(timeProvider) > cohort.Tenths))
            {
                cohort.Tenths = cohort.TenthsAt(timeProvider);
                _steps[set.Key] = timeProvider.GetTimestamp();
            }
        }
    }

    /// <summary>A ready member.</summary>
    /// <param name="since">When it was seen to become so; null where it was at first.</param>
    private sealed class Life(long? since)
    {
        public long? Since { get; } = since;

        /// <summary>With whom it starts; null where it does not.</summary>
        public Cohort? Cohort { get; set; }

        public bool WasRoutable { get; set; }
    }

    private sealed class Cohort(int number, TimeSpan duration)
    {
        public int Number { get; } = number;

        public TimeSpan Duration { get; } = duration;

        /// <summary>When the first of them was routable.</summary>
        public long? Since { get; set; }

        public int Tenths { get; set; } = 1;

        /// <summary>Whether others may start with it.</summary>
        public bool IsOpen(TimeProvider timeProvider) => Since is not { } since || timeProvider.GetElapsedTime(since) < Duration / MemberStart.Whole;

        /// <summary>From a tenth on linearly, in steps of a tenth.</summary>
        public int TenthsAt(TimeProvider timeProvider) => Since is not { } since ? 1 : 1 + (int)Math.Min(MemberStart.Whole - 1, (MemberStart.Whole - 1) * (timeProvider.GetElapsedTime(since) / Duration));
    }
}
