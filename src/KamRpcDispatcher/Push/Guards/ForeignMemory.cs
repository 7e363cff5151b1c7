using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// Compares what is not ours from one reading of the list to the next, and puts back what a change of ours took away. What somebody else
/// removed stays removed.
/// </summary>
/// <remarks>
/// A rebuild drops names only, since an address needs no look-up. So an address that is missing was removed by somebody, and so was a name
/// when nothing of ours was changed meanwhile; a name that an operator removes in the very moment of a change of ours comes back once. So does
/// one that he removes while a daemon that was killed is not running again.
/// </remarks>
/// <param name="cluster">The mark of what is ours.</param>
/// <param name="known">What is known of a name.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="file">What the daemon before this one knew; null for nothing.</param>
internal sealed class ForeignMemory(string cluster, Func<string, NameAnswer?> known, TimeProvider timeProvider, ILogger<ForeignMemory> logger, ForeignFile? file = null)
{
    /// <summary>For how long a loss is put back; later it is about another state of Kamailio's list.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromHours(1);

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Dictionary<VanishedDestination, Loss> _losses = [];
    private Dictionary<VanishedDestination, ListedDestination> _listed = [];
    private KamailioInstance? _instance;

    /// <summary>What is missing now, in words.</summary>
    public ImmutableArray<string> Losses =>
        [.. _losses.Values.Where(static loss => !loss.IsBack).Select(static loss => $"set {loss.Entry.Set}: {loss.Entry.Uri} ({loss.Entry.Attributes}) was dropped by Kamailio at a change of ours, since its name did not resolve; it is put back as soon as it resolves")];

    /// <summary>Takes note of a reading.</summary>
    public void Observe(DispatcherTable table, ReadBackResult readBack)
    {
        Compare(table, readBack);
        Keep(_listed.Values.Where(static entry => entry.IsExact && HostName.In(entry.Uri) is not null));
    }

    /// <summary>A daemon that is stopped leaves only what is to be put back: what others remove while none runs stays removed.</summary>
    public void Stop() => Keep([]);

    private void Compare(DispatcherTable table, ReadBackResult readBack)
    {
        var before = _listed;
        _listed = table.Destinations.Where(entry => !AttributeText.IsOwn(entry, cluster)).GroupBy(Key).ToDictionary(static group => group.Key, static group => group.First());
        if (table.Instance != _instance)
        {
            // It has read its list file: whatever stands there is right. A daemon that comes later knows what the one before it knew.
            var isFirst = _instance is null;
            _instance = table.Instance;
            _losses.Clear();
            if (isFirst)
            {
                TakeOver(table);
            }

            return;
        }

        var come = _listed.Keys.Where(key => !before.ContainsKey(key)).ToList();
        var gone = before.Keys.Where(key => !_listed.ContainsKey(key)).ToList();
        foreach (var key in come.Where(_losses.ContainsKey))
        {
            _losses[key].IsBack = true;
            ForeignLog.Back(logger, key.Set, key.Uri);
        }

        if (readBack.Vanished.Any(entry => AttributeText.IsOwn(entry.Attributes, cluster) && HostName.In(entry.Uri) is null))
        {
            // A reload takes ours too.
            LeaveToOthers(static _ => true);
            return;
        }

        var touched = come.Where(key => !_losses.ContainsKey(key))
            .Concat(gone.Where(key => !readBack.HasRebuilt || HostName.In(key.Uri) is null))
            .Select(static key => key.Set)
            .ToHashSet();
        LeaveToOthers(touched.Contains);
        foreach (var key in gone.Where(key => !touched.Contains(key.Set)))
        {
            Lose(key, before[key]);
        }

        Expire();
    }

    /// <summary>What is to be added now.</summary>
    public IReadOnlyList<AddDestination> Due() =>
        [.. _losses.Values.Where(loss => !loss.IsBack && loss.IsWritable && timeProvider.GetElapsedTime(loss.LastTry) >= loss.Wait).Select(Restore)];

    /// <summary>Takes note of what was sent, with or without success: the list will tell.</summary>
    public void Sent(IEnumerable<AddDestination> restored)
    {
        foreach (var add in restored)
        {
            if (_losses.TryGetValue(new VanishedDestination(add.Set, add.Uri, add.Attributes), out var loss))
            {
                loss.LastTry = timeProvider.GetTimestamp();
                loss.Wait = loss.Tries++ == 0 ? FirstWait : loss.Wait * 2 < LongestWait ? loss.Wait * 2 : LongestWait;
            }
        }
    }

    private void Keep(IEnumerable<ListedDestination> listed)
    {
        if (_instance is { } instance)
        {
            file?.Write(instance, [.. listed.Concat(_losses.Values.Where(static loss => !loss.IsBack && loss.IsWritable).Select(static loss => loss.Entry))
                .OrderBy(static entry => entry.Set).ThenBy(static entry => entry.Uri, StringComparer.Ordinal).ThenBy(static entry => entry.Attributes, StringComparer.Ordinal)
                .Select(static entry => entry with { Calls = 0 })]);
        }
    }

    /// <summary>A reload since took what was ours too, and is an operator's will.</summary>
    private void TakeOver(DispatcherTable table)
    {
        if (file is null || !table.Destinations.Any(entry => AttributeText.IsOwn(entry, cluster)))
        {
            return;
        }

        foreach (var entry in file.Read(table.Instance).Where(entry => !_listed.ContainsKey(Key(entry))))
        {
            _losses[Key(entry)] = new Loss(entry, timeProvider.GetTimestamp());
            ForeignLog.FoundMissing(logger, entry.Set, entry.Uri, entry.Attributes);
        }
    }

    private static VanishedDestination Key(ListedDestination entry) => new(entry.Set, entry.Uri, entry.Attributes);

    private void Lose(VanishedDestination key, ListedDestination entry)
    {
        if (_losses.TryGetValue(key, out var again))
        {
            again.IsBack = false;
        }
        else
        {
            _losses[key] = new Loss(entry, timeProvider.GetTimestamp());
        }

        if (_losses[key].IsWritable)
        {
            ForeignLog.Lost(logger, key.Set, key.Uri, key.Attributes);
        }
        else
        {
            ForeignLog.LostForGood(logger, key.Set, key.Uri, key.Attributes);
        }
    }

    /// <summary>As it was; without a look-up where one does not help: the flag for that cannot be seen in the list.</summary>
    private AddDestination Restore(Loss loss)
    {
        var entry = loss.Entry;
        var flags = DestinationFlags.Probed(entry.State) & ~(entry.Probing ? 0 : DestinationFlags.Probing);
        var isUnresolved = loss.Tries > 0 || known(HostName.In(entry.Uri)!)?.State == NameState.Missing;
        return new AddDestination(entry.Set, entry.Uri, isUnresolved ? flags | DestinationFlags.NoDns : flags, entry.Priority, entry.Attributes);
    }

    private void LeaveToOthers(Predicate<int> isTouched)
    {
        foreach (var key in _losses.Keys.Where(key => isTouched(key.Set)).ToList())
        {
            if (!_losses[key].IsBack)
            {
                ForeignLog.LeftToOthers(logger, key.Set, key.Uri);
            }

            _losses.Remove(key);
        }
    }

    private void Expire()
    {
        foreach (var (key, loss) in _losses.Where(pair => timeProvider.GetElapsedTime(pair.Value.Since) >= Lasting).ToList())
        {
            if (!loss.IsBack)
            {
                ForeignLog.GivenUp(logger, key.Set, key.Uri, Lasting);
            }

            _losses.Remove(key);
        }
    }

    private sealed class Loss(ListedDestination entry, long since)
    {
        public ListedDestination Entry { get; } = entry;

        public long Since { get; } = since;

        /// <summary>Kamailio's text may have bytes that no text of ours can carry.</summary>
        public bool IsWritable { get; } = entry.IsExact;

        public bool IsBack { get; set; }

        public int Tries { get; set; }

        public long LastTry { get; set; }

        public TimeSpan Wait { get; set; }
    }
}
