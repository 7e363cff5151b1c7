using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Logs what became of changes. A destination whose state a script undoes each second, that Kamailio refuses at each try, or that each reload by somebody else
/// takes away, is told of a few times a minute and not each time; of additions and removals that are not told one by one their number is.
/// </summary>
internal sealed class ChangeLog(ILogger logger, TimeProvider timeProvider)
{
    /// <summary>Of one destination in a minute: more than a member that comes and goes has.</summary>
    private const int MostStates = 10;

    /// <summary>The same of one that is added or removed.</summary>
    private const int MostAdditions = 5;

    /// <summary>Of all that are added or removed: of a crowd the hundredth line says nothing new.</summary>
    private const int MostStructural = 100;

    private readonly LogLimits<(bool IsAddition, int Set, string Uri)> _structural = new(timeProvider, MostAdditions);
    private readonly LogLimit _allStructural = new(timeProvider, MostStructural);
    private readonly LogLimit _summaries = new(timeProvider);
    private int _addedUntold;
    private int _removedUntold;
    private readonly LogLimits<(int Set, string Uri)> _states = new(timeProvider, MostStates);
    private readonly LogLimits<(Refusal Kind, int Set, string Uri, string Reason)> _refusals = new(timeProvider, most: 1);

    private enum Refusal
    {
        Addition,
        Change,
        Listing,
        Sending,
    }

    public void Applied(Change change)
    {
        var isAddition = change is AddDestination;
        if (change.Set == Sentinel.Set || (change.IsStructural ? _structural.Allows((isAddition, change.Set, change.Uri)) && _allStructural.Allows() : _states.Allows((change.Set, change.Uri))))
        {
            PushLog.Applied(logger, change);
        }
        else if (change.IsStructural)
        {
            (_addedUntold, _removedUntold) = isAddition ? (_addedUntold + 1, _removedUntold) : (_addedUntold, _removedUntold + 1);
        }
    }

    /// <summary>A push is over: tells how many additions and removals were not told one by one; what there is no room for with a later one.</summary>
    public void PushDone()
    {
        if (_addedUntold + _removedUntold > 0 && _summaries.Allows())
        {
            PushLog.AppliedMore(logger, _addedUntold, _removedUntold);
            (_addedUntold, _removedUntold) = (0, 0);
        }
    }

    /// <summary>Kamailio refuses an addition.</summary>
    public void AddRefused(AddDestination add, string reason, TimeSpan wait)
    {
        if (_refusals.Allows((Refusal.Addition, add.Set, add.Uri, reason)))
        {
            PushLog.AddRefused(logger, add.Set, add.Uri, reason, wait);
        }
    }

    /// <summary>Kamailio refuses another change.</summary>
    public void ChangeRefused(Change change, string reason)
    {
        if (_refusals.Allows((Refusal.Change, change.Set, change.Uri, reason)))
        {
            PushLog.ChangeRefused(logger, change, reason);
        }
    }

    /// <summary>Kamailio said that it added a destination, and has not.</summary>
    public void NotListed(AddDestination add, TimeSpan wait)
    {
        if (_refusals.Allows((Refusal.Listing, add.Set, add.Uri, string.Empty)))
        {
            PushLog.NotListed(logger, add.Set, add.Uri, wait);
        }
    }

    /// <summary>An addition would be refused, and was not sent.</summary>
    public void NotSent(AddDestination add, string reason, TimeSpan wait)
    {
        if (_refusals.Allows((Refusal.Sending, add.Set, add.Uri, reason)))
        {
            PushLog.NotSent(logger, add.Set, add.Uri, reason, wait);
        }
    }
}
