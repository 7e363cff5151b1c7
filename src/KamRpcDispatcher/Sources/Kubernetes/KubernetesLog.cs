using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>What is told of the endpoints of Kubernetes' Services: 1150 to 1159.</summary>
internal static partial class KubernetesLog
{
    [LoggerMessage(1150, LogLevel.Information, "Read {Slices} EndpointSlices of {Service} at version {Version}")]
    public static partial void Listed(ILogger logger, int slices, string service, string version);

    [LoggerMessage(1151, LogLevel.Warning, "{Service} cannot be followed at {Server}: {Reason}. Its members stay as they are")]
    public static partial void Interrupted(ILogger logger, string service, string server, string reason);

    [LoggerMessage(1152, LogLevel.Warning, "{Service} cannot be followed at {Server} for {Lasted} by now: {Reason}. Its members stay as they are")]
    public static partial void StillInterrupted(ILogger logger, string service, string server, DurationText lasted, string reason);

    [LoggerMessage(1153, LogLevel.Information, "{Service} is followed again from version {Version}, after {Lasted}")]
    public static partial void Resumed(ILogger logger, string service, string version, DurationText lasted);

    [LoggerMessage(1154, LogLevel.Information, "The EndpointSlices of {Service} are read anew, since the API server has forgotten version {Version}: {Reason}")]
    public static partial void Gone(ILogger logger, string service, string version, string reason);

    [LoggerMessage(1155, LogLevel.Warning, "{Service} has no EndpointSlices: is there a Service of that name, in that namespace, and with a selector?")]
    public static partial void NoSlices(ILogger logger, string service);

    [LoggerMessage(1156, LogLevel.Information, "{Service}: {Remark}")]
    public static partial void Told(ILogger logger, string service, string remark);

    [LoggerMessage(1157, LogLevel.Warning, "{Service}: {Remark}")]
    public static partial void Warned(ILogger logger, string service, string remark);

    [LoggerMessage(1158, LogLevel.Warning, "{Endpoint} cannot be used and is left out: {Reason}")]
    public static partial void Rejected(ILogger logger, string endpoint, string reason);
}
