using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Logs what became of changes. A destination whose state a script undoes each second, or that Kamailio refuses at each try, is told of a few times
/// a minute and not each time; additions and removals are always told.
/// </summary>
internal sealed class ChangeLog(ILogger logger, TimeProvider timeProvider)
{
    /// <summary>Of one destination in a minute: more than a member that comes and goes has.</summary>
    private const int MostStates = 10;

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
        if (change.IsStructural || _states.Allows((change.Set, change.Uri)))
        {
            PushLog.Applied(logger, change);
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
