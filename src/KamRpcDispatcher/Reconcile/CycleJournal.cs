using System.Collections.Immutable;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Rpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Tells operators what the cycles come to: each thing once when it begins and once when it ends, not once a cycle.</summary>
internal sealed class CycleJournal(IProxyReport report, TimeProvider timeProvider, ILogger<CycleJournal> logger)
{
    private IReadOnlySet<Skip> _skips = ImmutableHashSet<Skip>.Empty;
    private ProxyStatus? _reported;
    private Trouble _trouble;
    private bool _wasReachable;

    private enum Trouble
    {
        None,
        NoStore,
        Unsupported,
        Kamailio,
    }

    public void WaitingForStore()
    {
        if (Enter(Trouble.NoStore))
        {
            ReconcileLog.WaitingForStore(logger);
        }
    }

    public void Unsupported(KamailioVersion version)
    {
        if (Enter(Trouble.Unsupported))
        {
            ReconcileLog.Unsupported(logger, version);
        }
    }

    public void Failed(KamailioRpcException exception)
    {
        if (!Enter(Trouble.Kamailio))
        {
            return;
        }

        if (exception.IsTransient)
        {
            ReconcileLog.Unreachable(logger, exception.Message);
        }
        else
        {
            ReconcileLog.Refused(logger, exception.Message);
        }
    }

    public void Busy() => ReconcileLog.Busy(logger);

    public void Planned(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        if (Enter(Trouble.None) || !_wasReachable)
        {
            ReconcileLog.Reached(logger, table.Version, table.Destinations.Count);
            _wasReachable = true;
        }

        var skips = plan.Skips.ToHashSet();
        foreach (var skip in skips.Except(_skips))
        {
            LogSkip(skip);
        }

        _skips = skips;
        Report(membership, table, plan);
    }

    private bool Enter(Trouble trouble)
    {
        var isNew = _trouble != trouble;
        _trouble = trouble;
        return isNew;
    }

    private void LogSkip(Skip skip)
    {
        switch (skip.Reason)
        {
            case SkipReason.ForeignTwin when skip.Member is { } member:
                ReconcileLog.ForeignTwin(logger, member, skip.Uri);
                break;
            case SkipReason.ForeignTwin:
                ReconcileLog.ForeignCopy(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.Superseded:
                ReconcileLog.Superseded(logger, skip.Member!.Value, skip.Uri);
                break;
            case SkipReason.Quarantined:
                // Logged with its reason when Kamailio refused it.
                break;
        }
    }

    private void Report(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        var quarantined = plan.Skips.Count(static skip => skip.Reason == SkipReason.Quarantined);
        var drift = plan.Changes.Count + quarantined;
        var sets = table.Destinations
            .GroupBy(static entry => entry.Set)
            .ToImmutableSortedDictionary(static set => set.Key, static set => new SetStatus(set.Count(), set.Count(static entry => entry.IsRoutable)));
        var revision = plan.IsEmpty ? membership.Revision : _reported?.Revision ?? 0;
        if (_reported is { } last
            && last.Revision == revision
            && last.Drift == drift
            && last.Kamailio == table.Version.ToString()
            && last.Sets.SequenceEqual(sets))
        {
            return;
        }

        var isNews = _reported?.Revision != revision || _reported.Drift != drift;
        _reported = new ProxyStatus(revision, timeProvider.GetUtcNow(), table.Version.ToString(), drift, sets);
        report.Report(_reported);
        if (!isNews)
        {
            // Kamailio's probing changed what is routable.
            return;
        }

        if (drift == 0)
        {
            ReconcileLog.InStep(logger, revision, sets.Values.Sum(static set => set.Destinations), sets.Count);
        }
        else if (plan.IsEmpty)
        {
            ReconcileLog.InStepButQuarantined(logger, revision, quarantined);
        }
    }
}
