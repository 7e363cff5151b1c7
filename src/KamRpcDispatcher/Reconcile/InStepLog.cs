using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Says that the list is in step: once a revision, and where revisions come in a storm a few times a minute, the last one in any case.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class InStepLog(TimeProvider timeProvider, ILogger logger)
{
    /// <summary>In a minute.</summary>
    private const int Most = 60;

    private readonly LogLimit _limit = new(timeProvider, Most);
    private (long Revision, int Drift)? _told;
    private string _refusals = string.Empty;

    /// <summary>What a cycle came to.</summary>
    public void Observe(ProxyStatus status, ChangePlan plan)
    {
        if (status.Drift > 0 && !plan.IsInForce)
        {
            // What is on its way is told when it has arrived, be it the same as before.
            _told = null;
            return;
        }

        if (_told == (status.Revision, status.Drift))
        {
            return;
        }

        // A refused destination that is tried again comes and goes in the drift.
        var refusals = string.Join(';', status.Quarantined.Select(static one => FormattableString.Invariant($"{one.Set}:{one.Uri}")));
        if (status.Drift == 0 || refusals != _refusals)
        {
            if (!_limit.Allows())
            {
                return;
            }

            if (status.Drift == 0)
            {
                ReconcileLog.InStep(logger, status.Revision, status.Sets.Values.Sum(static set => set.Destinations), status.Sets.Count);
            }
            else
            {
                ReconcileLog.InStepButQuarantined(logger, status.Revision, status.Drift);
            }
        }

        (_told, _refusals) = ((status.Revision, status.Drift), refusals);
    }
}
