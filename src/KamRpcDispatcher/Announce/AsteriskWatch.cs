using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce;

/// <summary>What Asterisk says of itself, for the boxes that it is.</summary>
internal sealed class AsteriskWatch(AsteriskMonitor asterisk, IReadOnlyList<BoxWatch> boxes)
{
    /// <summary>The reason in the record.</summary>
    public const string Reason = "Asterisk is shutting down, as it says over AMI";

    public Task RunAsync(CancellationToken cancellationToken) => asterisk.RunAsync(Notice, cancellationToken);

    internal void Notice(AsteriskNotice notice)
    {
        foreach (var box in boxes)
        {
            // A lost connection, or one that is refused, is no reason to believe that it takes calls again; being dead is, which the box finds out itself.
            if (notice.Kind == AsteriskNoticeKind.ShuttingDown)
            {
                box.Leaves(Reason);
            }
            else if (notice.Kind is AsteriskNoticeKind.Connected or AsteriskNoticeKind.ShutdownAborted)
            {
                box.Leaves(null);
            }

            box.Hurry();
        }
    }
}
