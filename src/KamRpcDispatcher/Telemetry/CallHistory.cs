using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Telemetry;

/// <summary>The calls that a member had first, step by step, the oldest step first; null for a step in which nobody counted.</summary>
public sealed record MemberCallHistory(MemberKey Member, IReadOnlyList<long?> Calls);

/// <summary>The calls of members over the last <see cref="Span"/>, as they were counted. Thread-safe; what is kept has a bound.</summary>
public sealed class CallHistory(TimeProvider timeProvider)
{
    /// <summary>Calls within one step are told together.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>So far back calls are told.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(15);

    /// <summary>Of more members nothing is kept.</summary>
    internal const int MostMembers = 2000;

    private static readonly int Steps = (int)(Span / Step);

    private readonly Lock _gate = new();
    private readonly Dictionary<MemberKey, Series> _members = [];
    private readonly long _begun = timeProvider.GetTimestamp();

    private long Now => (long)(timeProvider.GetElapsedTime(_begun) / Step);

    /// <summary>So many calls came to a member since the reading before.</summary>
    internal void Add(MemberKey member, long calls)
    {
        lock (_gate)
        {
            var now = Now;
            if (!_members.TryGetValue(member, out var series))
            {
                if (_members.Count >= MostMembers && !Forget(now))
                {
                    return;
                }

                _members[member] = series = new Series(now);
            }

            series.Add(now, calls);
        }
    }

    /// <summary>The members of whom calls were counted in the time that is told of.</summary>
    public IReadOnlyList<MemberCallHistory> Read()
    {
        lock (_gate)
        {
            var now = Now;
            Forget(now);
            return [.. _members.Select(member => new MemberCallHistory(member.Key, member.Value.Read(now)))];
        }
    }

    /// <summary>Forgets those of whom nothing was counted for so long; false where there are none.</summary>
    private bool Forget(long now)
    {
        var old = _members.Where(member => now - member.Value.Last >= Steps).Select(static member => member.Key).ToList();
        old.ForEach(key => _members.Remove(key));
        return old.Count > 0;
    }

    /// <summary>A place for each step; which step one is of stands beside it.</summary>
    private sealed class Series(long first)
    {
        private readonly int[] _calls = new int[Steps];
        private readonly long[] _steps = [.. Enumerable.Repeat(-1L, Steps)];

        public long Last { get; private set; } = first;

        public void Add(long step, long calls)
        {
            var place = step % Steps;
            var before = _steps[place] == step ? _calls[place] : 0;
            (_steps[place], _calls[place], Last) = (step, (int)Math.Min(int.MaxValue, before + calls), step);
        }

        public long?[] Read(long now)
        {
            var told = new long?[Steps];
            for (var back = 0; back < Steps && back <= now; back++)
            {
                var place = (now - back) % Steps;
                told[Steps - 1 - back] = _steps[place] == now - back ? _calls[place] : null;
            }

            return told;
        }
    }
}
