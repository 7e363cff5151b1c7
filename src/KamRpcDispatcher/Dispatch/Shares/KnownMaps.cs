using KamailioRpc.Errors;
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

    private bool IsUnknown(int set) => !_maps.TryGetValue(set, out var known) || (known.Text is not null && timeProvider.GetElapsedTime(known.ReadAt) >= ReadInterval * Math.Max(1, _maps.Count / (double)ReadsPerSecond));
}
