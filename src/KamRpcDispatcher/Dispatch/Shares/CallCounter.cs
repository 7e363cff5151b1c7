using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Shares;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>
/// Reads how many calls the members of sets that are shared had, as Kamailio counts them, beside the cycles: a few at a time, and only of sets that have a share map. What it says is of the last minutes, and of one map and
/// one list: where these change, or Kamailio is started anew, it begins anew.
/// </summary>
/// <param name="table">Kamailio's counts.</param>
/// <param name="way">How weights travel.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="told">Told the calls that a member had since the reading before; null for nobody.</param>
internal sealed class CallCounter(ICallTable table, ShareWay way, TimeProvider timeProvider, ILogger<CallCounter> logger, Action<MemberKey, long>? told = null)
{
    /// <summary>How often counts are read.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Of how long a time calls are told.</summary>
    internal static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>After so many a pause, so that changes do not wait behind them.</summary>
    private const int AtOnce = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<int, CountedSet> _sets = [];
    private volatile FollowedShares? _followed;
    private KamailioInstance? _instance;
    private long _lives;
    private bool? _isCounted;
    private volatile CountedShares _counted = new(New(way), new Dictionary<int, long>());

    /// <summary>What is to be told of shares: what is wished now, and of the same sets what was counted last. Asked by any thread.</summary>
    public ShareReport Report
    {
        get
        {
            var (counted, lives) = _counted;
            var followed = _followed;
            List<SetShares> shared = followed is not null ? Shared(followed.Shares) : [];
            HashSet<int> same = [.. shared.Select(static set => set.Set).Where(set => lives.TryGetValue(set, out var life) && life == followed!.Lives[set])];
            return counted with
            {
                Classes = [.. shared.SelectMany(set => same.Contains(set.Set) ? Of(set, counted.Classes) : CountedSet.Uncounted(set))],
                Members = [.. counted.Members.Where(member => same.Contains(member.Set))],
            };
        }
    }

    /// <summary>Takes note of how calls are shared, and of who stands where. A map begins a life of its own when it is in force, be it the same as one that was in force before another.</summary>
    public void Follow(CycleShares shares, DispatcherTable listed)
    {
        var before = _followed;
        _followed = new FollowedShares(shares, listed, Shared(shares).ToDictionary(
            static set => set.Set,
            set => before is not null && before.Lives.TryGetValue(set.Set, out var life) && before.Shares.IsInForce(set.Set) && shares.IsInForce(set.Set)
                && before.Shares.Sets.Any(one => one.Set == set.Set && one.Map?.Text == set.Map!.Text) ? life : ++_lives));
    }

    /// <summary>Reads on until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Interval, timeProvider, cancellationToken).ConfigureAwait(false);
            await CountAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the counts of all sets that are shared now, once.</summary>
    internal async Task CountAsync(CancellationToken cancellationToken)
    {
        if (_followed is not var (shares, listed, lives))
        {
            return;
        }

        if (listed.Instance != _instance)
        {
            (_instance, _isCounted) = (listed.Instance, null);
            _sets.Clear();
        }

        var shared = Shared(shares);
        foreach (var gone in _sets.Keys.Except(shared.Select(static set => set.Set)).ToList())
        {
            _sets.Remove(gone);
        }

        foreach (var set in shared.TakeWhile(_ => _isCounted != false))
        {
            try
            {
                await CountAsync(set, listed, lives[set.Set], cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioRpcException)
            {
                // Whether Kamailio answers, and what it refuses, the cycles tell. A time with a gap in it would not be one.
                _sets.Remove(set.Set);
            }
        }

        var counted = New(way) with
        {
            IsCounted = _isCounted,
            Classes = [.. shared.SelectMany(set => _sets.GetValueOrDefault(set.Set)?.Classes(set) ?? CountedSet.Uncounted(set))],
            Members = [.. shared.SelectMany(set => _sets.GetValueOrDefault(set.Set)?.Members() ?? [])],
        };
        _counted = new CountedShares(counted, lives);
    }

    private static List<SetShares> Shared(CycleShares shares) => [.. shares.Sets.Where(static set => set is { Map: not null, Shares.IsEmpty: false })];

    /// <summary>What was counted of a set whose shares are the same still; of others what is wished, of which nothing is counted yet.</summary>
    private static List<SharedClass> Of(SetShares set, IReadOnlyList<SharedClass> counted)
    {
        List<SharedClass> wished = [.. CountedSet.Uncounted(set)];
        List<SharedClass> known = [.. counted.Where(one => one.Set == set.Set)];
        return wished.All(one => known.Exists(other => other.Class == one.Class && other.Wanted == one.Wanted)) && known.Count(static one => one.Class.Length > 0) == wished.Count ? known : wished;
    }

    private async Task CountAsync(SetShares set, DispatcherTable listed, long life, CancellationToken cancellationToken)
    {
        if (!_sets.TryGetValue(set.Set, out var counted) || counted.Life != life || !counted.IsOf(set, listed))
        {
            _sets[set.Set] = counted = new CountedSet(set, listed) { Life = life };
        }

        var counts = new long[counted.Keys.Count];
        for (var index = 0; index < counts.Length; index++)
        {
            if (index % AtOnce == AtOnce - 1)
            {
                await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
            }

            var (hasTable, calls) = await table.ReadAsync(counted.Keys[index], cancellationToken).ConfigureAwait(false);
            if (!hasTable)
            {
                _isCounted = false;
                _sets.Clear();
                ShareLog.NotCounted(logger, CallTable.Name);
                return;
            }

            counts[index] = calls;
        }

        _isCounted = true;
        foreach (var (member, calls) in counted.Read(counts, timeProvider.GetUtcNow(), timeProvider.Mark()))
        {
            told?.Invoke(new MemberKey(set.Set, member), calls);
        }
    }

    private static ShareReport New(ShareWay way) => new(way switch
    {
        ShareWay.Attributes => ShareReport.Attributes,
        ShareWay.Percent => ShareReport.Percent,
        _ => "map",
    });

    /// <summary>How calls are shared, who stands where, and which life of its map each set has: of one cycle.</summary>
    private sealed record FollowedShares(CycleShares Shares, DispatcherTable Listed, IReadOnlyDictionary<int, long> Lives);

    /// <summary>What was counted, and in which life of each set's map.</summary>
    private sealed record CountedShares(ShareReport Report, IReadOnlyDictionary<int, long> Lives);
}
