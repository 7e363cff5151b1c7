using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce;

/// <summary>What Asterisk says of itself, for the servers that it is.</summary>
internal sealed class AsteriskWatch(AsteriskMonitor asterisk, IReadOnlyList<HealthMonitor> servers)
{
    /// <summary>The reason in the record.</summary>
    public const string Reason = "Asterisk is shutting down, as it says over AMI";

    /// <summary>The same of one that is in maintenance mode.</summary>
    public const string MaintenanceReason = "Asterisk is in maintenance mode, as it says over AMI";

    public Task RunAsync(CancellationToken cancellationToken) => asterisk.RunAsync(Notice, cancellationToken);

    internal void Notice(AsteriskNotice notice)
    {
        foreach (var server in servers)
        {
            // A lost connection, or one that is refused, is no reason to believe that it takes calls again; being dead is, which its monitor finds out by itself.
            if (notice.Kind == AsteriskNoticeKind.ShuttingDown)
            {
                server.Leaves(Reason);
            }
            else if (notice.Kind is AsteriskNoticeKind.Connected or AsteriskNoticeKind.ShutdownAborted)
            {
                server.Leaves(null);
            }
            else if (notice.Kind is AsteriskNoticeKind.InMaintenance or AsteriskNoticeKind.MaintenanceEnded)
            {
                // It is not about the server's life.
                server.Maintains(notice.Kind == AsteriskNoticeKind.InMaintenance ? MaintenanceReason : null);
                continue;
            }

            server.ProbeNow();
        }
    }
}
