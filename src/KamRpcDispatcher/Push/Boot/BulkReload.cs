using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
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
/// <param name="cluster">Our mark.</param>
/// <param name="most">How many changes are made one by one; 0 for any number.</param>
/// <param name="owesOthers">Whether something of somebody else's is to be put back, of which a reload knows nothing.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class BulkReload(
    IDispatcher dispatcher,
    BootListKeeper keeper,
    Func<IReadOnlyList<AddDestination>, CancellationToken, ValueTask<bool>> hasRoom,
    IChangeGuard additions,
    string cluster,
    int most,
    Func<bool> owesOthers,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>What was loaded and is not listed: one by one it is seen why.</summary>
    private readonly HashSet<ListedKey> _apart = [];

    private (KamailioInstance Instance, IReadOnlyList<AddDestination> Adds)? _expected;
    private KamailioInstance? _failedFor;
    private string? _told;

    /// <inheritdoc cref="BootListKeeper.Trouble"/>
    public string? Trouble => keeper.Trouble;

    /// <summary>What a plan makes of the list by one change; null where its changes are made one by one.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="table">What it was made from, with the changes of state that were made since.</param>
    /// <param name="examine">What speaks against a structural change of any kind.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BulkChange?> PrepareAsync(ChangePlan plan, DispatcherTable table, Func<Change, DispatcherTable, Task<Objection?>> examine, CancellationToken cancellationToken)
    {
        List<Change> changes = [.. plan.Changes.Where(change => change.Set != Sentinel.Set && !_apart.Contains(new ListedKey(change.Set, change.Uri)))];
        if (most == 0 || changes.Count(static change => change.IsStructural) <= most || _failedFor == table.Instance)
        {
            return null;
        }

        if (await WhyNotAsync(table, cancellationToken).ConfigureAwait(false) is { } reason)
        {
            return OneByOne(changes.Count, reason);
        }

        // Names go one by one: whether they resolve is Kamailio's to say.
        var names = changes.Where(static change => change is AddDestination && HostName.In(change.Uri) is not null).Select(static change => (change.Set, change.Uri)).ToHashSet();
        var whole = new List<Change>();
        foreach (var change in changes.Where(change => !names.Contains((change.Set, change.Uri))))
        {
            if (change is not AddDestination || await additions.ExamineAsync(change, table, cancellationToken).ConfigureAwait(false) is null)
            {
                whole.Add(change);
            }
        }

        List<AddDestination> adds = [.. whole.OfType<AddDestination>()];
        if (whole.Count(static change => change.IsStructural) <= most)
        {
            return null;
        }

        var after = After(table, whole);
        if (await examine(whole.First(static change => change.IsStructural), after).ConfigureAwait(false) is { } objection)
        {
            return OneByOne(changes.Count, objection.Text);
        }

        if (!await hasRoom(adds, cancellationToken).ConfigureAwait(false))
        {
            return OneByOne(changes.Count, "the list could not be read any more with all of them");
        }

        return new BulkChange(whole, adds, after);
    }

    /// <summary>Loads the list; false where that cannot be done, and nothing was changed.</summary>
    /// <exception cref="DispatcherBusyException">A reload is going on or was a moment ago: later.</exception>
    /// <exception cref="KamailioRpcException">What became of it is unknown.</exception>
    public async Task<bool> MakeAsync(BulkChange change, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        try
        {
            var leftOut = keeper.Write(change.After.Destinations);
            _apart.UnionWith(leftOut.Select(static entry => new ListedKey(entry.Set, entry.Uri)));

            // The one that was there is another file since, and a link leads where it leads.
            if ((await keeper.FindUseAsync(change.After.Instance, cancellationToken).ConfigureAwait(false)).Path is not { } path || !keeper.IsKept(path))
            {
                throw new IOException($"Kamailio does not load {keeper.FilePath}");
            }

            if (leftOut.Count == 0 || leftOut.All(entry => change.Adds.Any(add => (add.Set, add.Uri) == (entry.Set, entry.Uri))))
            {
                await dispatcher.ReloadAsync(change.Adds, cancellationToken).ConfigureAwait(false);
                _expected = (change.After.Instance, [.. change.Adds.Where(add => !_apart.Contains(new ListedKey(add.Set, add.Uri)))]);
                BootListLog.Reloaded(logger, change.Changes.Count, keeper.FilePath, new DurationText(timeProvider.GetElapsedTime(begun)));
                return true;
            }

            // It would take somebody away who is there.
            throw new IOException($"of {leftOut[0].Uri} no line can be made that Kamailio reads");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KamailioFaultException)
        {
            Fail(change.After.Instance, exception.Message);
            return false;
        }
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

    /// <summary>Why a reload would do harm, or could; null for no reason.</summary>
    private async Task<string?> WhyNotAsync(DispatcherTable table, CancellationToken cancellationToken)
    {
        var use = await keeper.FindUseAsync(table.Instance, cancellationToken).ConfigureAwait(false);
        if (use.Path is not { } path)
        {
            return $"which file Kamailio loads is not known ({use.WhyUnknown})";
        }

        if (use.IsStrict)
        {
            return "with ds_load_mode 1 one line that Kamailio cannot use keeps it from loading any, and from starting (#!define KAMRPC_LOAD_MODE 0)";
        }

        if (table.Unreadable.Count > 0 || owesOthers())
        {
            return table.Unreadable.Count > 0 ? "the list has entries that cannot be understood" : "something that others put there is to be put back";
        }

        if (table.Destinations.Any(static entry => entry.Calls > 0))
        {
            return "Kamailio counts the calls of its destinations (algorithm 10), and begins anew with a reload";
        }

        try
        {
            return keeper.IsKept(path) ? WhyNotForOthers(table) : $"Kamailio loads {path}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <summary>A reload makes of what others put there what the file says of it.</summary>
    private string? WhyNotForOthers(DispatcherTable table)
    {
        List<ListedDestination> others = [.. table.Destinations.Where(entry => !AttributeText.IsOwn(entry, cluster) && !Sentinel.Is(entry))];
        List<BootListLine> lines = [.. keeper.ReadOthers()];
        if (lines.Find(static line => HostName.In(line.Uri) is not null && (line.Flags & DestinationFlags.NoDns) == 0) is { } name)
        {
            return $"the list has a name of yours, {name.Uri}, which a reload resolves, and loses where it does not resolve just then";
        }

        foreach (var entry in others)
        {
            var at = lines.FindIndex(line => line.IsAs(entry));
            if (at < 0)
            {
                return $"a reload would change or lose {entry.Uri} of set {entry.Set}, which is yours, and not in the file as it is listed";
            }

            lines.RemoveAt(at);
        }

        return lines is [var more, ..] ? $"a reload would load {more.Uri} of set {more.Set} too, which stands in the file and is not listed" : null;
    }

    private static DispatcherTable After(DispatcherTable table, IEnumerable<Change> changes)
    {
        var changed = new ChangedTable();
        foreach (var change in changes)
        {
            changed.Changed(change);
        }

        return changed.Apply(table);
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

/// <summary>Many changes that are made by one.</summary>
/// <param name="Changes">All of them.</param>
/// <param name="Adds">What they add.</param>
/// <param name="After">The list as it will be.</param>
internal sealed record BulkChange(IReadOnlyList<Change> Changes, IReadOnlyList<AddDestination> Adds, DispatcherTable After);
