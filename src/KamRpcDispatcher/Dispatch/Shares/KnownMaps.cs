using System.Collections.Immutable;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Shares;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>The share maps that a Kamailio has, as they were read; read again now and then, since somebody else may change them.</summary>
/// <param name="table">Kamailio's table of maps.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class KnownMaps(IShareTable table, TimeProvider timeProvider)
{
    /// <summary>How often maps are read that somebody else may have changed; less often where there are very many of them, so that no more than so many are read in a second.</summary>
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);
    private const int ReadsPerSecond = 20;

    /// <summary>The texts, of the sets that were read.</summary>
    private readonly Dictionary<int, (string? Text, long ReadAt)> _maps = [];

    /// <summary>What Kamailio answered where it would not let a map be read or written, by set; gone with the cycle.</summary>
    private readonly Dictionary<int, string> _faults = [];

    /// <summary>The numbers that a text names, by set, for as long as it is the same.</summary>
    private readonly Dictionary<int, (string Text, IReadOnlyList<int> Numbers)> _numbers = [];
    private KamailioInstance? _instance;

    /// <summary>Whether Kamailio has a table for maps, as far as that is known.</summary>
    public bool HasTable { get; private set; } = true;

    /// <summary>Whether any set was read.</summary>
    public bool IsAnyKnown => _maps.Count > 0;

    /// <inheritdoc cref="_faults"/>
    public IReadOnlyDictionary<int, string> Faults => _faults;

    /// <summary>The sets that have a map, whatever it says.</summary>
    public IReadOnlyList<int> Sets => [.. _maps.Where(static map => map.Value.Text is not null).Select(static map => map.Key)];

    /// <summary>The text of a set, null for none; false where it was not read.</summary>
    public bool TryGet(int set, out string? text)
    {
        var isKnown = _maps.TryGetValue(set, out var read);
        text = read.Text;
        return isKnown;
    }

    /// <summary>The sets of classes that maps name; of a set whose map is not known all that have a number, since it may name them.</summary>
    /// <param name="numbers">By set: of each class the number.</param>
    public IReadOnlyDictionary<int, NamedClass> NamedClasses(ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> numbers)
    {
        var named = new Dictionary<int, NamedClass>();
        foreach (var (set, (text, _)) in _maps)
        {
            if (text is not null && NumbersOf(set, text) is { Count: > 0 } used)
            {
                var names = numbers.GetValueOrDefault(set, ImmutableSortedDictionary<string, int>.Empty).DistinctBy(static one => one.Value).ToDictionary(static one => one.Value, static one => one.Key);
                foreach (var number in used)
                {
                    named[ClassSets.Base + number] = new NamedClass(set, names.GetValueOrDefault(number));
                }
            }
        }

        foreach (var (set, classes) in numbers.Where(set => HasTable && !_maps.ContainsKey(set.Key)))
        {
            foreach (var (name, number) in classes)
            {
                named.TryAdd(ClassSets.Base + number, new NamedClass(set, name));
            }
        }

        return named;
    }

    /// <summary>Reads those that are not known, or were read too long ago.</summary>
    public async Task ReadAsync(IReadOnlyList<int> sets, KamailioInstance instance, CancellationToken cancellationToken)
    {
        if (instance != _instance)
        {
            // Empty after a start, and another config perhaps.
            (_instance, HasTable) = (instance, true);
            _maps.Clear();
        }

        _faults.Clear();
        foreach (var set in sets.TakeWhile(_ => HasTable).Where(IsUnknown).ToList())
        {
            ListedMap read;
            try
            {
                read = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioFaultException fault)
            {
                _faults[set] = fault.Message;
                continue;
            }

            HasTable = read.HasTable;
            if (!HasTable)
            {
                _maps.Clear();
                return;
            }

            _maps[set] = (read.Text, timeProvider.GetTimestamp());
        }
    }

    /// <summary>Writes one, and reads it back.</summary>
    /// <returns>Whether Kamailio has it; null where it refuses, of one set, for want of memory say.</returns>
    public async Task<bool?> WriteAsync(int set, ShareMap? map, CancellationToken cancellationToken)
    {
        try
        {
            await table.WriteAsync(set, map, cancellationToken).ConfigureAwait(false);
            var back = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            _maps[set] = (back.Text, timeProvider.GetTimestamp());
            return back.Text == map?.Text;
        }
        catch (KamailioFaultException fault)
        {
            _faults[set] = fault.Message;
            return null;
        }
    }

    private IReadOnlyList<int> NumbersOf(int set, string text)
    {
        if (!_numbers.TryGetValue(set, out var known) || known.Text != text)
        {
            _numbers[set] = known = (text, ShareMap.TryParse(text, out var map, out _) ? [.. map.Counts.Keys.Where(static number => number != ShareMap.HomeNumber)] : []);
        }

        return known.Numbers;
    }

    private bool IsUnknown(int set) => !_maps.TryGetValue(set, out var known) || (known.Text is not null && timeProvider.GetElapsedTime(known.ReadAt) >= ReadInterval * Math.Max(1, _maps.Count / (double)ReadsPerSecond));
}
