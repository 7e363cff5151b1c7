using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>
/// Makes many structural changes by one: the list that Kamailio loads is written as it is to be, and loaded. Each addition rebuilds the whole table, so that ten thousand
/// take a minute one by one, and a fifth of a second so. Only where that changes nothing of anybody else's.
/// </summary>
/// <param name="dispatcher">Kamailio.</param>
/// <param name="keeper">Keeps the list.</param>
/// <param name="hasRoom">Whether the list can be read with so many more.</param>
/// <param name="additions">What speaks against a single addition.</param>
/// <param name="effects">Tells what else a reload would do.</param>
/// <param name="most">How many changes are made one by one; 0 for any number.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class BulkReload(
    IDispatcher dispatcher,
    BootListKeeper keeper,
    Func<IReadOnlyList<AddDestination>, CancellationToken, ValueTask<bool>> hasRoom,
    IChangeGuard additions,
    ReloadEffects effects,
    int most,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>Pings may change a state of ours from each reading to the next: the last time that is let pass.</summary>
    private const int Tries = 5;

    /// <summary>So often a reload gives way to somebody who changes the list at the same time.</summary>
    private const int MostDelays = 3;

    /// <summary>So long it waits for somebody who writes the file.</summary>
    private static readonly TimeSpan MostInUse = 2 * BootListFile.Quiet;

    /// <summary>What was loaded and is not listed: one by one it is seen why.</summary>
    private readonly HashSet<ListedKey> _apart = [];

    private (KamailioInstance Instance, IReadOnlyList<AddDestination> Adds)? _expected;
    private KamailioInstance? _failedFor;
    private string? _told;
    private int _delays;
    private long? _inUseSince;

    /// <inheritdoc cref="BootListKeeper.Trouble"/>
    public string? Trouble => keeper.Trouble;

    /// <summary>What a plan makes of the list by one change; null where its changes are made one by one.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="table">What it was made from.</param>
    /// <param name="examine">What speaks against a structural change of any kind.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BulkChange?> PrepareAsync(ChangePlan plan, DispatcherTable table, Func<Change, DispatcherTable, Task<Objection?>> examine, CancellationToken cancellationToken)
    {
        // Nothing on which somebody waits who gets calls: a disable or a replacement that follows an addition comes after it, when that was read back. Names go one by one: whether
        // they resolve is Kamailio's to say.
        List<Change> changes = [.. plan.Adds.Where(static add => HostName.In(add.Uri) is null), .. plan.Removes];
        changes.RemoveAll(change => change.Set == Sentinel.Set || _apart.Contains(new ListedKey(change.Set, change.Uri)));
        if (most == 0 || changes.Count <= most || _failedFor == table.Instance)
        {
            return null;
        }

        if (await effects.WhyNotAsync(table, cancellationToken).ConfigureAwait(false) is { } reason)
        {
            return OneByOne(changes.Count, reason);
        }

        var whole = new List<Change>();
        foreach (var change in changes)
        {
            if (change is not AddDestination || await additions.ExamineAsync(change, table, cancellationToken).ConfigureAwait(false) is null)
            {
                whole.Add(change);
            }
        }

        List<AddDestination> adds = [.. whole.OfType<AddDestination>()];
        if (whole.Count <= most)
        {
            return null;
        }

        if (await examine(whole[0], After(table, whole)).ConfigureAwait(false) is { } objection)
        {
            return OneByOne(changes.Count, objection.Text);
        }

        if (!await hasRoom(adds, cancellationToken).ConfigureAwait(false))
        {
            return OneByOne(changes.Count, "the list could not be read any more with all of them");
        }

        return new BulkChange(whole, adds, table);
    }

    /// <summary>
    /// Loads the list as it is to be. Between the reading of before and now the grace period was waited for: what Kamailio or somebody else has changed since is read, and
    /// is in what is loaded, or nothing is loaded.
    /// </summary>
    /// <exception cref="DispatcherBusyException">A reload is going on or was a moment ago: later.</exception>
    /// <exception cref="KamailioRpcException">What became of it is unknown.</exception>
    public async Task<BulkResult> MakeAsync(BulkChange change, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        try
        {
            var table = await dispatcher.ReadAsync(cancellationToken).ConfigureAwait(false);
            for (var tries = 1; tries <= Tries && HasEntriesOf(table, change.Before); tries++)
            {
                if (await effects.WhyNotAsync(table, cancellationToken).ConfigureAwait(false) is { } reason)
                {
                    OneByOne(change.Changes.Count, reason);
                    return BulkResult.Failed;
                }

                Write(change, table);
                var now = await dispatcher.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (HasEntriesOf(now, table) && (now.Destinations.SequenceEqual(table.Destinations) || (tries == Tries && effects.HasSameOthers(now, table))))
                {
                    await dispatcher.ReloadAsync(change.Adds, cancellationToken).ConfigureAwait(false);
                    _expected = (table.Instance, [.. change.Adds.Where(add => !_apart.Contains(new ListedKey(add.Set, add.Uri)))]);
                    (_delays, _told, _inUseSince) = (0, null, null);
                    BootListLog.Reloaded(logger, change.Changes.Count, keeper.FilePath, new DurationText(timeProvider.GetElapsedTime(begun)));
                    return BulkResult.Made;
                }

                table = now;
            }

            if (++_delays < MostDelays)
            {
                return BulkResult.Later;
            }

            _delays = 0;
            OneByOne(change.Changes.Count, "somebody else changes the list again and again");
        }
        catch (FileInUseException) when (timeProvider.GetElapsedTime(_inUseSince ??= begun) < MostInUse)
        {
            return BulkResult.Later;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            OneByOne(change.Changes.Count, exception.Message);
        }
        catch (KamailioFaultException fault)
        {
            Fail(change.Before.Instance, fault.Message);
        }

        return BulkResult.Failed;
    }

    /// <summary>Compares what was loaded with what is listed.</summary>
    public void Verify(DispatcherTable table)
    {
        if (_expected is not var (instance, adds))
        {
            return;
        }

        _expected = null;
        if (instance != table.Instance)
        {
            return;
        }

        var listed = table.Destinations.Select(static entry => new ListedKey(entry.Set, entry.Uri)).ToHashSet();
        List<ListedKey> missing = [.. adds.Select(static add => new ListedKey(add.Set, add.Uri)).Where(key => !listed.Contains(key))];
        _apart.UnionWith(missing);
        if (missing.Count > 0 && missing.Count == adds.Count)
        {
            Fail(instance, $"none of {adds.Count} destinations is listed");
        }
    }

    /// <summary>Writes what is to be loaded.</summary>
    /// <exception cref="IOException">It is not what Kamailio would load, or would take somebody away.</exception>
    private void Write(BulkChange change, DispatcherTable table)
    {
        var leftOut = keeper.Write(After(table, change.Changes.Where(one => one is AddDestination || IsSilent(one, table))).Destinations);
        _apart.UnionWith(leftOut.Select(static entry => new ListedKey(entry.Set, entry.Uri)));
        if (leftOut.FirstOrDefault(entry => !change.Adds.Any(add => (add.Set, add.Uri) == (entry.Set, entry.Uri))) is { } listed)
        {
            throw new IOException($"of {listed.Uri} no line can be made that Kamailio reads");
        }
    }

    /// <summary>Who gets calls still is not removed by this.</summary>
    private static bool IsSilent(Change change, DispatcherTable table) => !table.Destinations.Any(entry => entry.Set == change.Set && entry.Uri == change.Uri && entry.State != ListedState.Disabled);

    /// <summary>Whether a list has the same entries, in whatever states.</summary>
    private static bool HasEntriesOf(DispatcherTable table, DispatcherTable other) =>
        table.Instance == other.Instance && Entries(table).SetEquals(Entries(other));

    private static HashSet<(int, string, int, string)> Entries(DispatcherTable table) =>
        [.. table.Destinations.Where(static entry => !Sentinel.Is(entry)).Select(static entry => (entry.Set, entry.Uri, entry.Priority, entry.Attributes))];

    private static DispatcherTable After(DispatcherTable table, IEnumerable<Change> changes)
    {
        var known = new KnownTable();
        known.End(table);
        foreach (var change in changes)
        {
            known.Changed(change);
        }

        return known.Likely!;
    }

    private BulkChange? OneByOne(int count, string reason)
    {
        if (_told != reason)
        {
            BootListLog.OneByOne(logger, count, keeper.FilePath, reason);
            _told = reason;
        }

        return null;
    }

    private void Fail(KamailioInstance instance, string reason)
    {
        _failedFor = instance;
        BootListLog.Failed(logger, keeper.FilePath, reason);
    }
}
