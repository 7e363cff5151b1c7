using System.Collections.Immutable;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Tells operators what the cycles come to: each thing once when it begins and once when it ends, not once a cycle.</summary>
internal sealed class CycleJournal(IProxyReport report, Quarantine quarantine, Func<GraceStatus> grace, TimeProvider timeProvider, ILogger<CycleJournal> logger)
{
    private IReadOnlySet<Skip> _skips = ImmutableHashSet<Skip>.Empty;
    private ImmutableArray<Member> _held = [];
    private ProxyStatus? _reported;
    private Trouble _trouble;
    private KamailioLife? _life;

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

    /// <summary>Expired members are held back, others than before, or none any more.</summary>
    public void Held(IReadOnlyList<Member> held, PanicOptions options)
    {
        foreach (var set in held.GroupBy(static member => member.Key.Set))
        {
            var before = _held.Count(member => member.Key.Set == set.Key);
            if (set.Count() > before)
            {
                ReconcileLog.Panic(logger, set.Key, options.Threshold, options.Window, set.Count(), string.Join(", ", set.Select(static member => member.Key.Name)), options.Hold);
            }
        }

        foreach (var set in _held.Select(static member => member.Key.Set).Distinct().Except(held.Select(static member => member.Key.Set)))
        {
            ReconcileLog.PanicOver(logger, set);
        }

        _held = [.. held];
    }

    public void Planned(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        if (Enter(Trouble.None) || table.Life != _life)
        {
            ReconcileLog.Reached(logger, table.Version, table.Life.UpSince, table.Destinations.Count);
            if (!table.Version.IsKnown && table.Life != _life)
            {
                ReconcileLog.UnknownVersion(logger, KamailioVersion.NewestKnown);
            }

            _life = table.Life;
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
            case SkipReason.UnmanagedDuplicate when skip.Member is { } member:
                ReconcileLog.ForeignTwin(logger, member, skip.Uri);
                break;
            case SkipReason.UnmanagedDuplicate:
                ReconcileLog.ForeignCopy(logger, skip.Set, skip.Uri);
                break;
            case SkipReason.Superseded:
                ReconcileLog.Superseded(logger, skip.Member!.Value, skip.Uri);
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
            case SkipReason.Quarantined or SkipReason.RemovalDelayed:
                // Logged when Kamailio refused it; part of every leave.
                break;
        }
    }

    private void Report(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        var status = Status(membership, table, plan);
        if (_reported is { } last
            && last.Revision == status.Revision
            && last.Drift == status.Drift
            && last.Kamailio == status.Kamailio
            && last.IsFromSnapshot == status.IsFromSnapshot
            && last.Sets.SequenceEqual(status.Sets)
            && last.Held.SequenceEqual(status.Held)
            && last.Quarantined.SequenceEqual(status.Quarantined))
        {
            return;
        }

        // The rest is Kamailio's probing, which changes what is routable.
        var isNews = _reported?.Revision != status.Revision || _reported.Drift != status.Drift;
        _reported = status;
        report.Report(status);
        if (isNews && status.Drift == 0)
        {
            ReconcileLog.InStep(logger, status.Revision, status.Sets.Values.Sum(static set => set.Destinations), status.Sets.Count);
        }
        else if (isNews && plan.IsInForce)
        {
            ReconcileLog.InStepButQuarantined(logger, status.Revision, status.Drift);
        }
    }

    private ProxyStatus Status(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        var refused = plan.Skips.Where(static skip => skip.Reason == SkipReason.Quarantined).ToList();
        var sets = table.Destinations.Where(static entry => !Sentinel.Is(entry))
            .GroupBy(static entry => entry.Set)
            .ToImmutableSortedDictionary(static set => set.Key, static set => new SetStatus(set.Count(), set.Count(static entry => entry.IsRoutable)));
        return new ProxyStatus(
            plan.IsInForce ? membership.Revision : _reported?.Revision ?? 0,
            timeProvider.GetUtcNow(),
            table.Version.ToString(),
            plan.Drift,
            sets)
        {
            Held = _held,
            Quarantined = [.. refused.Select(skip => quarantine.Find(skip.Set, skip.Uri) is { } entry
                ? new QuarantinedDestination(skip.Set, skip.Uri, entry.Reason, entry.RetryAt)
                : new QuarantinedDestination(skip.Set, skip.Uri, string.Empty, default))],
            IsFromSnapshot = membership.IsFromSnapshot,
            Grace = grace(),
        };
    }
}
