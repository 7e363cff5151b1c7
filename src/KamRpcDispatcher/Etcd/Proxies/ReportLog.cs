using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>What is logged of reports, and of who waits for them.</summary>
internal static partial class ReportLog
{
    [LoggerMessage(1050, LogLevel.Information, "etcd does not let be read what is waited for (permission denied), so that whatever may be waited for is reported at once, which many proxies' etcd feels. The dispatcher's role needs the right: etcdctl role grant-permission ROLE read --prefix=true {Prefix}")]
    public static partial void WaitsRefused(ILogger logger, string prefix);

    [LoggerMessage(1051, LogLevel.Information, "etcd lets be read what is waited for: all else is reported once a second")]
    public static partial void WaitsFollowed(ILogger logger);

    [LoggerMessage(1052, LogLevel.Debug, "etcd does not let {Key} be written (permission denied): where much happens proxies report what is waited for a second later")]
    public static partial void WaitRefused(ILogger logger, string key);
}
