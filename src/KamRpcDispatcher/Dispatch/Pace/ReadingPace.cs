using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch.Pace;

/// <summary>
/// How often a long list is read, by what a reading costs Kamailio and this daemon: of ten thousand destinations that is a tenth of a second. What else changes the table is
/// noticed without it: a restart by the socket, a reload by the sentinel.
/// </summary>
/// <param name="resync">The time between two readings of a list that is short.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ReadingPace(TimeSpan resync, TimeProvider timeProvider)
{
    /// <summary>Fewer take some milliseconds, whatever a busy machine makes of that.</summary>
    internal const int Many = 500;

    /// <summary>Half a per cent of a core: what else this daemon does has the other half.</summary>
    private const int IdleParts = 200;

    /// <summary>While something is owed that waits for its time.</summary>
    private const int OwedParts = 20;

    /// <summary>While changes come one after another: the next ones go out meanwhile, and are read back together.</summary>
    private const int BusyParts = 4;

    /// <summary>Whatever it costs: an older list is reported as old.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private long _begun;
    private long _ended;
    private TimeSpan _cost;
    private TimeSpan _costBefore;
    private bool _isPaced;
    private bool _isWatched;

    /// <summary>Whether reading the list takes its time.</summary>
    public bool IsLong => _isPaced;

    /// <summary>A cycle begins that reads the list.</summary>
    public void Begin() => _begun = timeProvider.GetTimestamp();

    /// <summary>It was read, and compared.</summary>
    /// <param name="table">The list.</param>
    /// <param name="isWatched">Whether the sentinel is in it, so that a reload is noticed at once.</param>
    public void End(DispatcherTable table, bool isWatched)
    {
        (_costBefore, _ended) = (_cost, timeProvider.GetTimestamp());
        _cost = timeProvider.GetElapsedTime(_begun, _ended);
        (_isPaced, _isWatched) = (table.Destinations.Count >= Many, isWatched);
    }

    /// <summary>How long the list need not be read, if nothing is changed.</summary>
    /// <param name="isSettled">Whether nothing is owed.</param>
    public TimeSpan Rest(bool isSettled) => _isPaced && _isWatched ? Longer(Cost * (isSettled ? IdleParts : OwedParts)) : resync;

    /// <summary>How long the reading may wait that verifies a change which is made: zero where it is due.</summary>
    public TimeSpan UntilVerified => _isPaced && (Cost * BusyParts) - timeProvider.GetElapsedTime(_ended) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>One that took long only because others had the processor says nothing.</summary>
    private TimeSpan Cost => _cost < _costBefore || _costBefore == TimeSpan.Zero ? _cost : _costBefore;

    private TimeSpan Longer(TimeSpan pace) => pace < resync ? resync : pace < Longest ? pace : Longest;
}
