using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>What is told of the endpoints of Kubernetes' Services: 1090 to 1099.</summary>
internal static partial class KubernetesLog
{
    [LoggerMessage(1090, LogLevel.Information, "Read {Slices} EndpointSlices of {Service} at version {Version}")]
    public static partial void Listed(ILogger logger, int slices, string service, string version);

    [LoggerMessage(1091, LogLevel.Warning, "{Service} cannot be followed at {Server}: {Reason}. Its members stay as they are")]
    public static partial void Interrupted(ILogger logger, string service, string server, string reason);

    [LoggerMessage(1092, LogLevel.Warning, "{Service} cannot be followed at {Server} for {Lasted} by now: {Reason}. Its members stay as they are")]
    public static partial void StillInterrupted(ILogger logger, string service, string server, DurationText lasted, string reason);

    [LoggerMessage(1093, LogLevel.Information, "{Service} is followed again from version {Version}, after {Lasted}")]
    public static partial void Resumed(ILogger logger, string service, string version, DurationText lasted);

    [LoggerMessage(1094, LogLevel.Information, "The EndpointSlices of {Service} are read anew, since the API server has forgotten version {Version}: {Reason}")]
    public static partial void Gone(ILogger logger, string service, string version, string reason);

    [LoggerMessage(1095, LogLevel.Warning, "{Service} has no EndpointSlices: is there a Service of that name, in that namespace, and with a selector?")]
    public static partial void NoSlices(ILogger logger, string service);

    [LoggerMessage(1096, LogLevel.Information, "{Service}: {Remark}")]
    public static partial void Told(ILogger logger, string service, string remark);

    [LoggerMessage(1097, LogLevel.Warning, "{Service}: {Remark}")]
    public static partial void Warned(ILogger logger, string service, string remark);

    [LoggerMessage(1098, LogLevel.Warning, "{Endpoint} cannot be used and is left out: {Reason}")]
    public static partial void Rejected(ILogger logger, string endpoint, string reason);

    [LoggerMessage(1099, LogLevel.Warning, "{Services} is read, and not followed before {Service} has been read too: nothing is saved of its set, and who of that is in Kamailio's list would be taken out. Mend what keeps it from being read, or leave it out of --source")]
    public static partial void Waiting(ILogger logger, string services, string service);
}
