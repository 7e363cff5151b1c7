using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>A grace period that tells the watch of the loop when it is waited for.</summary>
/// <param name="inner">The grace period.</param>
/// <param name="loop">The watch.</param>
/// <param name="longest">How long a wait takes at most.</param>
/// <param name="longestOverdue">The same after waits that did not see the end, which are told as trouble.</param>
internal sealed class WatchedGrace(IGracePeriod inner, LoopWatch loop, TimeSpan longest, TimeSpan longestOverdue) : IGracePeriod
{
    /// <summary>As the options say.</summary>
    /// <param name="options">The options.</param>
    /// <param name="client">Asks Kamailio for its processes.</param>
    /// <param name="loop">The watch.</param>
    /// <param name="figures">Take how long the periods were.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logs">Where to log.</param>
    public static WatchedGrace For(DispatcherOptions options, RpcClient client, LoopWatch loop, GraceFigures figures, TimeProvider timeProvider, ILoggerFactory logs)
    {
        var longest = options.Grace switch
        {
            GraceMode.None => TimeSpan.Zero,
            GraceMode.Fixed => options.Gap,
            _ => options.Gap + options.GraceCap,
        };
        return new WatchedGrace(Period(options, client, figures, timeProvider, logs), loop, longest, options.LongestStep);
    }

    public string Mode => inner.Mode;

    public GraceState State => inner.State;

    public ValueTask PrepareAsync(CancellationToken cancellationToken) => inner.PrepareAsync(cancellationToken);

    public void Begin() => inner.Begin();

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        loop.Enter(LoopStep.Grace, inner.State.OverdueSince is null ? longest : longestOverdue);
        try
        {
            return await inner.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            loop.Works();
        }
    }

    private static IGracePeriod Period(DispatcherOptions options, RpcClient client, GraceFigures figures, TimeProvider timeProvider, ILoggerFactory logs)
    {
        var gap = new FixedGap(options.Grace == GraceMode.None ? TimeSpan.Zero : options.Gap, timeProvider);
        var tableUse = new TableUseReader(client, timeProvider);
        return options.Grace is GraceMode.None or GraceMode.Fixed
            ? gap
            : new ObservedGrace(
                new ProcessSurvey(
                    tableUse.ListProcessesAsync,
                    ProcessIdentity.Check,
                    [new SystemCallView(() => tableUse.Current, timeProvider), new WaitChannelView(() => tableUse.Current, timeProvider)],
                    timeProvider),
                new ProcessMovement(),
                new GraceOptions { Gap = options.Gap, Cap = options.GraceCap },
                figures,
                timeProvider,
                logs.CreateLogger<ObservedGrace>());
    }
}
