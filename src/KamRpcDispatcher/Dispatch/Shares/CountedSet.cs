using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Shares;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>The calls of one set for as long as it has one share map and one list of destinations.</summary>
internal sealed class CountedSet
{
    private readonly string _map;
    private readonly List<(CountKey Key, string Class, string? Member)> _of;
    private readonly Queue<(long[] Sums, DateTimeOffset At, TimeSpan Mark)> _readings = new();
    private long[] _last = [];
    private long[] _sums = [];
    private DateTimeOffset _until;

    public CountedSet(SetShares set, DispatcherTable listed)
    {
        (_map, _of) = (set.Map!.Text, Of(set, listed));
        Keys = [.. _of.Select(static one => one.Key)];
    }

    /// <summary>Which time it is that the set has a map.</summary>
    public long Life { get; init; }

    /// <summary>The counts that are to be read.</summary>
    public IReadOnlyList<CountKey> Keys { get; }

    /// <summary>Whether shares and destinations are as they were.</summary>
    public bool IsOf(SetShares set, DispatcherTable listed) => set.Map!.Text == _map && Of(set, listed).SequenceEqual(_of);

    /// <summary>Takes note of the counts. One that is less than before began anew, since it was forgotten for lack of calls.</summary>
    /// <returns>The calls that each member had since the reading before; none at the first.</returns>
    public IEnumerable<(string Member, long Calls)> Read(long[] counts, DateTimeOffset at, TimeSpan mark)
    {
        var (isFirst, before) = (_last.Length == 0, _sums);
        _sums = isFirst ? new long[counts.Length] : [.. _sums.Select((sum, index) => sum + (counts[index] >= _last[index] ? counts[index] - _last[index] : counts[index]))];
        (_last, _until) = (counts, at);
        _readings.Enqueue((_sums, at, mark));

        // The oldest one that is not in the time any more is its beginning.
        while (_readings.Skip(1).FirstOrDefault() is { Sums: not null } second && mark - second.Mark >= CallCounter.Window)
        {
            _readings.Dequeue();
        }

        var sums = _sums;
        return isFirst ? [] : [.. _of.Select((one, index) => (one.Member, Calls: sums[index] - before[index])).Where(static one => one.Member is not null)
            .GroupBy(static one => one.Member!).Select(static member => (member.Key, member.Sum(static one => one.Calls)))];
    }

    /// <summary>What each class is to get, and had; nothing is said of calls before there were two readings.</summary>
    public IEnumerable<SharedClass> Classes(SetShares set)
    {
        if (_readings.Count < 2)
        {
            return Uncounted(set);
        }

        var calls = Counted().GroupBy(static one => one.Class).ToDictionary(static one => one.Key, static one => one.Sum(static count => count.Calls));
        List<SharedClass> classes = [.. Uncounted(set)];
        if (calls.GetValueOrDefault(string.Empty) > 0)
        {
            classes.Add(new SharedClass(set.Set, string.Empty, 0));
        }

        return classes.Select(one => one with { Calls = calls.GetValueOrDefault(one.Class), Since = _readings.Peek().At, Until = _until });
    }

    /// <summary>What each class is to get.</summary>
    public static IEnumerable<SharedClass> Uncounted(SetShares set) => set.Shares.Select(share => new SharedClass(set.Set, share.Class.Text, share.Wanted));

    /// <summary>What each member had, the most first.</summary>
    public IEnumerable<CountedMember> Members() => _readings.Count < 2 ? [] :
        Counted().Where(static one => one.Member is not null).GroupBy(static one => (one.Member, one.Class))
            .Select(one => new CountedMember(Keys[0].Set, one.Key.Member!, one.Key.Class, one.Sum(static count => count.Calls)))
            .OrderByDescending(static one => one.Calls).ThenBy(static one => one.Name, StringComparer.Ordinal);

    private IEnumerable<(string Class, string? Member, long Calls)> Counted()
    {
        var first = _readings.Peek().Sums;
        return _of.Select((one, index) => (one.Class, one.Member, _sums[index] - first[index]));
    }

    /// <summary>A call goes to a member by its class, or by the home set: it is a call of its class either way.</summary>
    private static List<(CountKey Key, string Class, string? Member)> Of(SetShares set, DispatcherTable listed)
    {
        var classes = set.Shares.Where(static share => share.Set is not null).ToDictionary(static share => share.Set!.Value, static share => share.Class.Text);
        var members = set.ClassMembers.GroupBy(static copy => copy.Uri.Endpoint).ToDictionary(static copies => copies.Key, copies => (Class: classes[copies.First().Key.Set], copies.First().Key.Name));
        return
        [
            .. from entry in listed.Destinations
               where entry.Set == set.Set || classes.ContainsKey(entry.Set)
               let member = members.GetValueOrDefault(Spelling.EndpointOf(entry.Uri))
               let key = new CountKey(set.Set, entry.Set == set.Set ? 0 : entry.Set, entry.Uri)
               orderby key.ClassSet, key.Uri
               select (key, member.Class ?? string.Empty, (string?)member.Name) into one
               group one by one.key into same
               select same.First(),
        ];
    }
}
