using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Logs;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Tells operators what the cycles come to: each thing once when it begins and once when it ends, not once a cycle.</summary>
/// <param name="report">Where the proxy reports.</param>
/// <param name="quarantine">What Kamailio refuses.</param>
/// <param name="grace">The grace periods so far.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="progress">Whoever started the daemon; null for nobody.</param>
/// <param name="source">Where members come from, as people call it.</param>
internal sealed class CycleLog(
    IProxyReport report, Quarantine quarantine, Func<GraceStatus> grace, TimeProvider timeProvider, ILogger<CycleLog> logger, DispatcherProgress? progress = null, string source = "etcd")
{
    private readonly ProxyStatusBuilder _builder = new(quarantine, grace, timeProvider);
    private readonly TroubleLog _troubles = new(timeProvider, logger);
    private readonly KamailioOutageLog _outage = new(timeProvider, logger);
    private readonly InStepLog _inStep = new(timeProvider, logger);
    private readonly LogLimit _busy = new(timeProvider, most: 1);
    private readonly SkipLog _skips = new(timeProvider, logger);
    private readonly HoldLog _hold = new(logger);
    private readonly LoopFaults _faults = new("a cycle", logger);
    private ListComparison? _comparison;
    private ProxyStatus? _reported;
    private Trouble _trouble;
    private KamailioInstance? _instance;
    private DateTimeOffset? _faultSince;

    private enum Trouble
    {
        None,
        Fault,
        NoStore,
        Unsupported,
        Kamailio,
    }

    public void WaitingForStore()
    {
        if (Enter(Trouble.NoStore))
        {
            ReconcileLog.WaitingForStore(logger, source);
            progress?.WaitingForStore();
        }
    }

    public void Unsupported(KamailioVersion version)
    {
        if (Enter(Trouble.Unsupported))
        {
            ReportTroubles(isFirst: _reported is null);
            ReconcileLog.Unsupported(logger, version);
            progress?.KamailioFails($"its version {version} takes no attributes over RPC");
        }
    }

    public void Failed(KamailioRpcException exception)
    {
        if (_outage.Failed(exception) | Enter(Trouble.Kamailio))
        {
            ReportTroubles(isFirst: _reported is null);
            progress?.KamailioFails(exception.Message, _outage.Since);
        }
    }

    /// <summary>Something unexpected ended a cycle, or what runs beside it: it is logged with its stack, and all else goes on.</summary>
    /// <returns>How long to wait before the next cycle.</returns>
    public TimeSpan CycleFailed(Exception exception)
    {
        var pause = _faults.Failed(exception);
        var summary = LoopFaults.Summary(exception);
        _faultSince ??= timeProvider.GetUtcNow();
        _trouble = Trouble.Fault;
        _troubles.SetFault(new ProxyTrouble(TroubleKind.Fault, _faultSince.Value, $"a cycle failed {_faults.Times} times in a row, the log has more: {summary}"));
        progress?.CycleFails(summary);
        ReportTroubles();
        return pause;
    }

    /// <summary>Runs a loop beside the cycles, which goes on after whatever is unexpected in it.</summary>
    public Task KeepRunningAsync(string name, Func<CancellationToken, Task> loop, CancellationToken cancellationToken) =>
        BackgroundLoop.RunAsync(name, loop, timeProvider, logger, cancellationToken);

    /// <summary>A cycle came to its end, whatever it came to.</summary>
    public void CycleDone()
    {
        if (_faultSince is null)
        {
            return;
        }

        _faults.Succeeded();
        _faultSince = null;
        _troubles.SetFault(null);
        ReportTroubles();
    }

    /// <summary>
    /// All that somebody should know of now; what is not in the list any more is over. Each keeps its time of beginning for as long as it lasts.
    /// It is reported at once, whether there is a list to report or not.
    /// </summary>
    public void Troubles(IReadOnlyList<ProxyTrouble> troubles)
    {
        _troubles.Replace(troubles);
        ReportTroubles();
    }

    /// <summary>How far a push got. Where Kamailio takes no structural change now its config is to be mended, which nobody reads twice a second.</summary>
    public void Pushed(PushOutcome outcome)
    {
        if (outcome.IsBusy && _busy.Allows())
        {
            ReconcileLog.Busy(logger);
        }
    }

    /// <summary>Who is kept though its lease has ended: for a moment, or since too many ended at once.</summary>
    public void Kept(IReadOnlyList<Member> doubted, IReadOnlyList<Member> held, PanicOptions options)
    {
        _hold.Doubted(doubted);
        _hold.Holds(held, options);
    }

    /// <summary>How the list stands to the membership, before that is planned.</summary>
    public void Compared(ListComparison comparison) => _comparison = comparison;

    /// <param name="membership">Who is followed.</param>
    /// <param name="table">The list.</param>
    /// <param name="plan">What is owed.</param>
    /// <param name="areShared">Whether shares are in force as they are wished.</param>
    /// <param name="shares">How they are.</param>
    /// <param name="troubles">What there is by the list and the plan, and what there was else; null for what was told last.</param>
    public void Planned(Membership membership, DispatcherTable table, ChangePlan plan, bool areShared = true, ShareSituation? shares = null, IReadOnlyList<ProxyTrouble>? troubles = null)
    {
        Enter(Trouble.None);
        if (troubles is not null)
        {
            _troubles.Replace(troubles);
        }

        if (_outage.Reached() || table.Instance != _instance)
        {
            ReconcileLog.Reached(logger, table.Version, table.Instance.UpSince, table.Destinations.Count(static entry => entry.Set != MemberKey.ReservedSet));
            if (!table.Version.IsKnown && table.Instance != _instance)
            {
                ReconcileLog.UnknownVersion(logger, KamailioVersion.NewestKnown);
            }

            _instance = table.Instance;
        }

        _skips.Observe(plan.Skips);
        Report(membership, table, plan, areShared, shares ?? ShareSituation.None);
        _inStep.Observe(_reported!, plan);
    }

    /// <param name="isFirst">Whether there was no report yet: one that says nothing else says whether Kamailio answers.</param>
    private void ReportTroubles(bool isFirst = false)
    {
        var last = _reported ?? _builder.Blank();
        if (isFirst || !last.Troubles.SequenceEqual(_troubles.Current))
        {
            _reported = last with { Troubles = _troubles.Current };
            report.Report(_reported);
        }
    }

    private bool Enter(Trouble trouble)
    {
        var isNew = _trouble != trouble;
        _trouble = trouble;
        return isNew;
    }

    private void Report(Membership membership, DispatcherTable table, ChangePlan plan, bool areShared, ShareSituation shares)
    {
        var status = _builder.Build(membership, table, plan, areShared, _hold.Held, _comparison, _reported, shares) with { Troubles = _troubles.Current };
        progress?.Planned(status, plan, status.Troubles);

        _reported = status;
        report.Report(status);
    }
}
