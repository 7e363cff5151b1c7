using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// Holds structural changes back while they would cost a destination: Kamailio resolves every name anew at each of them, and silently
/// drops what does not resolve, for good.
/// </summary>
/// <remarks>
/// Somebody else's destination holds changes for as long as the name servers fail, or have forgotten a name that did resolve. One whose
/// name has no address and never had one is there with flag 16 (which the list does not show) and says nothing about the next change. Own
/// ones are put back by themselves when their name resolves, so they hold changes for a while only: a single dead name must not keep a
/// whole fleet from growing.
/// </remarks>
internal sealed class ForeignGuard(NameLookup names, string cluster, TimeProvider timeProvider, ILogger<ForeignGuard> logger) : IChangeGuard
{
    /// <summary>As long as a fail-over of name servers takes; what it is longer than will not be over soon.</summary>
    private static readonly TimeSpan OwnPatience = TimeSpan.FromSeconds(30);

    /// <summary>Longer than Kamailio remembers that a name did not resolve, by default.</summary>
    private static readonly TimeSpan KamailioPatience = TimeSpan.FromMinutes(2);

    /// <summary>How many are told by name.</summary>
    private const int MostNamed = 8;

    private readonly LogLimits<(int Set, string Uri)> _letThrough = new(timeProvider, most: 1);
    private readonly LogLimit _holds = new(timeProvider);
    private readonly HashSet<string> _resolvedOnce = [];
    private readonly Dictionary<string, long> _failingSince = [];
    private HashSet<(int Set, string Uri)> _told = [];
    private DispatcherTable? _table;
    private List<(ListedDestination Entry, string Name)> _named = [];
    private bool _isToldHeld;

    public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        Read(table);
        if (_named.Count == 0)
        {
            Told(null);
            return null;
        }

        var answers = await names.FindAsync([.. _named.Select(static named => named.Name)], cancellationToken).ConfigureAwait(false);
        Observe(answers);
        var endangered = _named
            .Where(named => answers[named.Name].State != NameState.Resolves && (named.Entry.Set, named.Entry.Uri) != (change.Set, change.Uri))
            .Where(named => IsReason(named.Entry, named.Name, answers[named.Name]))
            .ToList();
        if (endangered.Count == 0)
        {
            Told(null);
            return null;
        }

        var list = string.Join(", ", endangered.Take(MostNamed).Select(named => $"{named.Entry.Uri} of set {named.Entry.Set} ({named.Name}: {answers[named.Name].Text})"))
            + (endangered.Count > MostNamed ? FormattableString.Invariant($" and {endangered.Count - MostNamed} more") : string.Empty);
        if (change is AddDestination add && IsNeeded(add, table, endangered.Select(static named => named.Entry)))
        {
            if (_letThrough.Allows((add.Set, add.Uri)))
            {
                ForeignLog.LetThrough(logger, add.Set, add.Uri, list);
            }

            return null;
        }

        var objection = new Objection(
            ObjectionScope.Structure,
            "foreign",
            $"nothing is added or removed, only states are changed: Kamailio would drop what it cannot resolve: {list}. Mend the name servers, or put the address in place of the name");
        Told(objection.Text);
        return objection;
    }

    /// <summary>Whether nobody else in its set can take a call.</summary>
    private static bool IsNeeded(AddDestination add, DispatcherTable table, IEnumerable<ListedDestination> endangered) =>
        (add.Flags & DestinationFlags.Disabled) == 0 && !table.Destinations.Where(entry => entry.Set == add.Set && entry.IsRoutable).Except(endangered).Any();

    private void Read(DispatcherTable table)
    {
        if (ReferenceEquals(table, _table))
        {
            return;
        }

        if (table.Instance != _table?.Instance)
        {
            _resolvedOnce.Clear();
        }

        // What of ours is disabled gets no calls, and is not missed.
        _table = table;
        _named = [.. table.Destinations
            .Where(entry => entry.State != ListedState.Disabled || !IsOwn(entry))
            .Select(static entry => (Entry: entry, Name: HostName.In(entry.Uri)!))
            .Where(static named => named.Name is not null)];
    }

    private void Observe(IReadOnlyDictionary<string, NameAnswer> answers)
    {
        foreach (var forgotten in _failingSince.Keys.Where(name => !answers.ContainsKey(name)).ToList())
        {
            _failingSince.Remove(forgotten);
        }

        foreach (var (name, answer) in answers)
        {
            if (answer.State == NameState.Resolves)
            {
                _resolvedOnce.Add(name);
                _failingSince.Remove(name);
            }
            else
            {
                _failingSince.TryAdd(name, timeProvider.GetTimestamp());
            }
        }

        _told = [.. _told.Where(told => _named.Exists(named => (named.Entry.Set, named.Entry.Uri) == told && _failingSince.ContainsKey(named.Name)))];
    }

    /// <summary>Whether a change has to wait for it.</summary>
    private bool IsReason(ListedDestination entry, string name, NameAnswer answer)
    {
        var time = timeProvider.GetElapsedTime(_failingSince[name]);
        var why = IsOwn(entry)
            ? time < OwnPatience ? null : "it is one of ours, comes back when its name resolves, and has held them for long enough"
            : _resolvedOnce.Contains(name) ? null
            : answer.State == NameState.Missing ? "it never had an address, so Kamailio has it with flag 16; should Kamailio drop it, it is put back"
            : answer.State == NameState.UnknownToKamailio && time >= KamailioPatience ? "Kamailio has not found it for longer than it remembers failures; should Kamailio drop it, it is put back"
            : null;
        if (why is not null && _told.Add((entry.Set, entry.Uri)))
        {
            ForeignLog.NotHeldFor(logger, entry.Set, entry.Uri, answer.Text, why);
        }

        return why is null;
    }

    private bool IsOwn(ListedDestination entry) => AttributeText.IsOwn(entry, cluster);

    private void Told(string? text)
    {
        if (text is not null && !_isToldHeld && _holds.Allows())
        {
            ForeignLog.Held(logger, text);
            _isToldHeld = true;
        }
        else if (text is null && _isToldHeld)
        {
            ForeignLog.HeldNoMore(logger);
            _isToldHeld = false;
        }
    }
}
