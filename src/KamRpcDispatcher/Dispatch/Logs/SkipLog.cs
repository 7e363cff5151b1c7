using System.Collections.Immutable;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Tells what plans leave out: each once when it begins, and once a minute at most.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class SkipLog(TimeProvider timeProvider, ILogger logger)
{
    private readonly LogLimits<Skip> _limits = new(timeProvider, most: 1);
    private IReadOnlySet<Skip> _told = ImmutableHashSet<Skip>.Empty;

    public void Observe(IEnumerable<Skip> skips)
    {
        var now = skips.ToHashSet();
        foreach (var skip in now.Except(_told).Where(_limits.Allows))
        {
            Tell(skip);
        }

        _told = now;
    }

    private void Tell(Skip skip)
    {
        switch (skip.Reason)
        {
            case SkipReason.UnmanagedDuplicate when skip.Member is { } member:
                ReconcileLog.ForeignTwin(logger, member, skip.Uri);
                break;
            case SkipReason.UnmanagedDuplicate:
                ReconcileLog.ForeignCopy(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.Superseded:
                ReconcileLog.Superseded(logger, skip.Member!.Value, skip.Holder!.Value, skip.Uri);
                break;
            case SkipReason.Unsilenced:
                ReconcileLog.Unsilenced(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.CallsCounted:
                ReconcileLog.CallsCounted(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.WithoutEffect:
                ReconcileLog.WithoutEffect(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.Quarantined or SkipReason.RemovalDelayed or SkipReason.NotAllowed or SkipReason.ListedThoughNotAllowed or SkipReason.Flapping:
                // Logged when Kamailio refused it; part of every leave; logged as trouble.
                break;
        }
    }
}
