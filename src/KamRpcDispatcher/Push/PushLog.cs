using KamailioRpc;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>Log messages of the push, event ids 2000 to 2099.</summary>
internal static partial class PushLog
{
    public static void Applied(ILogger logger, Change change)
    {
        switch (change)
        {
            case AddDestination { Set: Sentinel.Set }:
                SentinelAdded(logger, change.Set, change.Uri);
                break;
            case AddDestination add:
                Added(logger, add.Set, add.Uri, add.Attributes);
                break;
            case RemoveDestination:
                Removed(logger, change.Set, change.Uri);
                break;
            case EnableDestination:
                Enabled(logger, change.Set, change.Uri);
                break;
            case DisableDestination:
                Disabled(logger, change.Set, change.Uri);
                break;
        }
    }

    public static void ChangeRefused(ILogger logger, Change change, string reason) =>
        ChangeRefused(logger, change is RemoveDestination ? "removed" : "set to another state", change.Set, change.Uri, reason);

    [LoggerMessage(2000, LogLevel.Information, "Set {Set}: added {Uri} ({Attributes})")]
    private static partial void Added(ILogger logger, int set, string uri, string attributes);

    [LoggerMessage(2009, LogLevel.Debug, "Added the sentinel, set {Set}, {Uri}, which never gets calls: it tells when the list is reloaded")]
    private static partial void SentinelAdded(ILogger logger, int set, string uri);

    [LoggerMessage(2001, LogLevel.Information, "Set {Set}: removed {Uri}")]
    private static partial void Removed(ILogger logger, int set, string uri);

    [LoggerMessage(2002, LogLevel.Information, "Set {Set}: enabled {Uri}")]
    private static partial void Enabled(ILogger logger, int set, string uri);

    [LoggerMessage(2003, LogLevel.Information, "Set {Set}: disabled {Uri}")]
    private static partial void Disabled(ILogger logger, int set, string uri);

    [LoggerMessage(2004, LogLevel.Error, "Set {Set}: Kamailio refuses {Uri}: {Reason}. Look for the cause in Kamailio's log (no memory, a bad URI, a socket that is not local, a name that does not resolve). Tried again in {Wait}")]
    public static partial void AddRefused(ILogger logger, int set, string uri, string reason, DurationText wait);

    [LoggerMessage(2005, LogLevel.Error, "Set {Set}: Kamailio took {Uri}, but does not list it (a bad URI, a socket that is not local, or a name that does not resolve; with ds_load_mode 1 it would have said so). Tried again in {Wait}")]
    public static partial void NotListed(ILogger logger, int set, string uri, DurationText wait);

    [LoggerMessage(2008, LogLevel.Error, "Set {Set}: {Uri} is not added: {Reason}. Looked at again in {Wait}")]
    public static partial void NotSent(ILogger logger, int set, string uri, string reason, DurationText wait);

    [LoggerMessage(2010, LogLevel.Information, "Lists that are too long for a datagram are read over {Address}")]
    public static partial void ReadWayFound(ILogger logger, KamailioAddress address);

    [LoggerMessage(2011, LogLevel.Debug, "There is no other way to read long lists: {Reasons}")]
    public static partial void NoReadWay(ILogger logger, string reasons);

    [LoggerMessage(2006, LogLevel.Warning, "Set {Set}: {Uri} could not be {Change}: {Reason}. Planned again from the list")]
    private static partial void ChangeRefused(ILogger logger, string change, int set, string uri, string reason);
}
