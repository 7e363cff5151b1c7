using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>
/// Says that the list is in step: once a revision and length of the list, and where revisions come all the time, as of one server that flaps, a few times a minute with the number of those
/// left out, the last one in any case, and within seconds.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class InStepLog(TimeProvider timeProvider, ILogger logger)
{
    /// <summary>In a minute.</summary>
    private const int Most = 10;

    /// <summary>So often the last one is told beside those, when no other has come after it: who waits for the end of many changes is not kept waiting for a minute.</summary>
    private static readonly TimeSpan BetweenLast = TimeSpan.FromSeconds(10);

    private readonly LogLimit _limit = new(timeProvider, Most);
    private Step? _told;
    private string _refusals = string.Empty;

    /// <summary>The last revision that was left out, and how many were.</summary>
    private Step? _left;
    private int _leftOut;
    private long? _lastToldAt;

    /// <summary>What a cycle came to.</summary>
    public void Observe(ProxyStatus status, ChangePlan plan)
    {
        if (plan.Drift > 0 && !plan.IsInForce)
        {
            // What is on its way is told when it has arrived, be it the same as before.
            _told = null;
            return;
        }

        var step = new Step(status.Revision, status.Drift, status.Sets.Values.Sum(static set => set.Destinations));
        if (_told == step)
        {
            return;
        }

        // A refused destination that is tried again comes and goes in the drift.
        var refusals = string.Join(';', status.Quarantined.Select(static one => FormattableString.Invariant($"{one.Set}:{one.Uri}")));
        if (status.Drift == 0 || refusals != _refusals)
        {
            if (!_limit.Allows() && !(step == _left && MayTellLast()))
            {
                _leftOut += _left == step ? 0 : 1;
                _left = step;
                return;
            }

            // The one that is told now may have been left out at first.
            var others = _leftOut - (_left == step ? 1 : 0);
            (_left, _leftOut) = (null, status.Drift == 0 ? 0 : others);
            var sets = status.Sets.Values.Count(static set => set.Destinations > 0);
            if (status.Drift == 0 && others > 0)
            {
                ReconcileLog.InStepAfterMany(logger, status.Revision, step.Destinations, sets, others);
            }
            else if (status.Drift == 0)
            {
                ReconcileLog.InStep(logger, status.Revision, step.Destinations, sets);
            }
            else
            {
                ReconcileLog.InStepButQuarantined(logger, status.Revision, status.Drift);
            }
        }

        (_told, _refusals) = (step, refusals);
    }

    private bool MayTellLast()
    {
        if (_lastToldAt is { } before && timeProvider.GetElapsedTime(before) < BetweenLast)
        {
            return false;
        }

        _lastToldAt = timeProvider.GetTimestamp();
        return true;
    }

    /// <summary>What one line says. Changes that go out before the reading leave nothing to do behind: of these the length of the list tells.</summary>
    private readonly record struct Step(long Revision, int Drift, int Destinations);
}
