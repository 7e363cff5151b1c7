using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Asterisk;

/// <summary>Log messages of the manager interface, event ids 1200 to 1299.</summary>
internal static partial class AsteriskLog
{
    [LoggerMessage(1200, LogLevel.Information, "Asterisk at {Address}: logged in as {User}")]
    public static partial void Connected(ILogger logger, AmiAddress address, string user);

    [LoggerMessage(1201, LogLevel.Information, "Asterisk at {Address}: it is shutting down, and takes no new calls")]
    public static partial void ShuttingDown(ILogger logger, AmiAddress address);

    [LoggerMessage(1202, LogLevel.Information, "Asterisk at {Address}: the shutdown was aborted, it takes calls again")]
    public static partial void ShutdownAborted(ILogger logger, AmiAddress address);

    [LoggerMessage(1203, LogLevel.Warning, "Asterisk at {Address}: the connection is lost ({Reason}); trying again")]
    public static partial void ConnectionLost(ILogger logger, AmiAddress address, string reason);

    [LoggerMessage(1204, LogLevel.Warning, "Asterisk at {Address}: no connection ({Reason}); trying again")]
    public static partial void Unreachable(ILogger logger, AmiAddress address, string reason);

    [LoggerMessage(1205, LogLevel.Error, "Asterisk at {Address}: the login as {User} is refused ({Reason}); look at secret, permit and deny in manager.conf")]
    public static partial void LoginRefused(ILogger logger, AmiAddress address, string user, string reason);

    [LoggerMessage(1206, LogLevel.Warning, "Asterisk at {Address}: no event FullyBooted within {Time}: it takes long to start, or {User} has no \"read = system\" in manager.conf")]
    public static partial void NotBooted(ILogger logger, AmiAddress address, DurationText time, string user);

    [LoggerMessage(1207, LogLevel.Warning, "Asterisk at {Address}: its calls cannot be counted ({Reason}); the user needs \"write = reporting\" in manager.conf")]
    public static partial void NoCount(ILogger logger, AmiAddress address, string reason);

    [LoggerMessage(1208, LogLevel.Information, "Asterisk at {Address}: in maintenance mode (endpoint {Endpoint}), it takes no new calls")]
    public static partial void InMaintenance(ILogger logger, AmiAddress address, string endpoint);

    [LoggerMessage(1209, LogLevel.Information, "Asterisk at {Address}: out of maintenance mode (endpoint {Endpoint}), it takes calls again")]
    public static partial void MaintenanceEnded(ILogger logger, AmiAddress address, string endpoint);

    [LoggerMessage(1210, LogLevel.Warning, "Asterisk at {Address}: no maintenance mode for endpoint {Endpoint} ({Reason}). It takes Asterisk 20.20, 22.10 or 23.4 with res_pjsip_maintenance, an endpoint of that name, and \"write = system,reporting\" for the user in manager.conf; all else goes on")]
    public static partial void NoMaintenance(ILogger logger, AmiAddress address, string endpoint, string reason);
}
