using KamRpcDispatcher.Announce.Calls;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Leaving in order: no new calls, every proxy knows it, the calls that are up end.</summary>
internal sealed class GracefulShutdown(
    IReadOnlyList<HealthMonitor> servers,
    LeaseKeeper keeper,
    Func<Task> withdraw,
    Acknowledgements acknowledgements,
    OtherNames otherNames,
    IIdleCheck? idle,
    MaintenanceSwitch? maintenance,
    AnnouncerOptions options,
    IServiceState service,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>The reason in the record.</summary>
    public const string Reason = "its announcer was asked to stop";

    /// <summary>As many proxies are named that have not answered.</summary>
    private const int MostNamed = 20;

    internal static readonly TimeSpan AcknowledgementInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>So long Asterisk may say nothing of the calls of a server that is silent too.</summary>
    private static readonly TimeSpan CountPatience = TimeSpan.FromSeconds(5);

    /// <summary>A dispatcher that is being restarted reports again within this: until then nobody can say that no proxy sends calls.</summary>
    private static readonly TimeSpan ReturnTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the members may be withdrawn.</summary>
    /// <param name="hurry">Ends the waiting.</param>
    public async Task RunAsync(CancellationToken hurry)
    {
        AnnounceLog.Leaving(logger);
        foreach (var server in servers)
        {
            server.Stop(Reason);
        }

        using var over = new CancellationTokenSource();
        var telling = TellAsync(over.Token);
        try
        {
            var isSilenced = await AwaitProxiesAsync(hurry).ConfigureAwait(false);
            if (!keeper.IsOccupied)
            {
                // What comes now does not come from a proxy that sends calls here on purpose, and is refused.
                await (maintenance?.SetAsync(MaintenanceCause.Stop, isSilenced, hurry) ?? Task.CompletedTask).ConfigureAwait(false);
                await AwaitCallsAsync(hurry).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (hurry.IsCancellationRequested)
        {
            AnnounceLog.Hurried(logger);
        }

        await (maintenance?.EndAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task TellAsync(CancellationToken over)
    {
        while (true)
        {
            service.Stopping();
            await Task.Delay(ProgressInterval, timeProvider, over).ConfigureAwait(false);
        }
    }

    /// <returns>Whether they have all said that they send no more calls, and none by another name.</returns>
    private async Task<bool> AwaitProxiesAsync(CancellationToken hurry)
    {
        var missing = "the store did not take the change";
        Task<IReadOnlyList<SupersededMember>>? shared = null;
        int[] sets = [.. options.Servers.SelectMany(static server => server.Members).Select(static member => member.Key.Set).Distinct()];
        using var patience = new CancellationTokenSource(options.AcknowledgeTimeout, timeProvider);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(hurry, patience.Token);
        try
        {
            var (settlement, revision) = await keeper.SettledAsync(waiting.Token).ConfigureAwait(false);
            if (settlement == Settlement.NeverReached)
            {
                AnnounceLog.NeverReached(logger, keeper.Outage ?? missing);
                return false;
            }

            if (settlement == Settlement.Refused)
            {
                // As long as the record says that it is ready calls go there.
                AnnounceLog.ChangeRefused(logger, keeper.Outage ?? keeper.Refused ?? missing);
                await withdraw().ConfigureAwait(false);
                return false;
            }

            if (keeper.Occupied is { } others)
            {
                AnnounceLog.NotOurs(logger, others);
            }

            if (keeper.Refused is { } refused)
            {
                AnnounceLog.NeverTaken(logger, refused);
            }

            shared = otherNames.FindAsync(waiting.Token);
            var settled = timeProvider.GetTimestamp();
            var returnTime = options.AcknowledgeTimeout / 2 < ReturnTime ? options.AcknowledgeTimeout / 2 : ReturnTime;
            while (!keeper.IsOccupied)
            {
                try
                {
                    var acknowledgement = await acknowledgements.ReadAsync(revision, sets, waiting.Token).ConfigureAwait(false);
                    if (acknowledgement.Missing.Count == 0 && (acknowledgement.Proxies > 0 || timeProvider.GetElapsedTime(settled) >= returnTime))
                    {
                        return SilenceReport.Tell(
                            acknowledgement with { Superseded = [.. acknowledgement.Superseded, .. await shared.ConfigureAwait(false)] },
                            options.Servers.SelectMany(static server => server.Members).Select(static member => member.Key),
                            servers.SelectMany(static server => server.Occupied.Concat(server.NeverWritten)).ToHashSet(),
                            logger);
                    }

                    missing = acknowledgement.Missing.Count == 0 ? "a proxy that reports" : string.Join(", ", acknowledgement.Missing.Take(MostNamed))
                        + (acknowledgement.Missing.Count > MostNamed ? FormattableString.Invariant($" and {acknowledgement.Missing.Count - MostNamed} more") : string.Empty);
                    service.Status($"Leaving, waits for {missing}");
                }
                catch (Exception exception) when (EtcdFailure.IsOutage(exception, waiting.Token))
                {
                    missing = $"etcd: {EtcdFailure.Describe(exception)}";
                }
                catch (Exception exception) when (LoopFaults.IsUnexpected(exception, waiting.Token))
                {
                    missing = $"unexpected {LoopFaults.Summary(exception)}";
                }

                await Task.Delay(AcknowledgementInterval, timeProvider, waiting.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (patience.IsCancellationRequested && !hurry.IsCancellationRequested && EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            AnnounceLog.NotAcknowledged(logger, options.AcknowledgeTimeout, missing);
        }
        finally
        {
            await (shared ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    /// <summary>Whether nobody will say how many calls a server has that is down: one that is gone has none, and one that says nothing, whoever asks, hangs.</summary>
    private static bool IsHopeless(DeathSign? death, IIdleCheck? idle, TimeSpan unknown) => death switch
    {
        null => false,
        DeathSign.Answer => idle is null,
        DeathSign.Silence => idle is not { Counts: true } || unknown >= CountPatience,
        _ => true,
    };

    private async Task AwaitCallsAsync(CancellationToken hurry)
    {
        var begun = timeProvider.GetTimestamp();
        TimeSpan? told = null;
        TimeSpan? unknown = null;
        while (true)
        {
            var death = servers.All(static server => server.Death is not null) ? servers.Max(static server => server.Death) : null;
            var found = await CheckAsync(death, idle, hurry).ConfigureAwait(false);
            var passed = timeProvider.GetElapsedTime(begun);
            unknown = found.IsIdle is null ? unknown ?? passed : null;
            if (found.IsIdle == true)
            {
                AnnounceLog.Idle(logger, found.Description);
                return;
            }

            if (unknown is { } since && IsHopeless(death, idle, passed - since))
            {
                AnnounceLog.NotCounted(logger, found.Description);
                return;
            }

            if (passed >= options.DrainTimeout)
            {
                if (idle is not null)
                {
                    AnnounceLog.NotIdle(logger, options.DrainTimeout, found.Description);
                }

                return;
            }

            if (told is null || passed - told >= ProgressInterval)
            {
                told = passed;
                AnnounceLog.Waiting(logger, found.Description, TimeSpan.FromSeconds(Math.Ceiling((options.DrainTimeout - passed).TotalSeconds)));
                service.Status($"Leaving, {found.Description}");
            }

            var left = options.DrainTimeout - passed;
            await Task.Delay(left < IdleInterval ? left : IdleInterval, timeProvider, hurry).ConfigureAwait(false);
        }
    }

    /// <summary>Whether calls are up. A server that is down because it does not answer as it should may have many.</summary>
    /// <param name="death">What it is like, where it is down.</param>
    /// <param name="idle">Who tells of calls.</param>
    /// <param name="hurry">Gives up.</param>
    internal static async Task<Idleness> CheckAsync(DeathSign? death, IIdleCheck? idle, CancellationToken hurry)
    {
        if (idle is null || (death is DeathSign.Silence or DeathSign.NobodyThere && !idle.Counts))
        {
            return new Idleness(null, death is null ? "how many there are is not known" : idle is null ? "nobody counts its calls" : "a command that fails then says nothing of calls");
        }

        try
        {
            return await idle.CheckAsync(hurry).ConfigureAwait(false);
        }
        catch (Exception exception) when (LoopFaults.IsUnexpected(exception, hurry))
        {
            // Whoever leaves still waits as long as it may.
            return new Idleness(null, $"how many there are could not be found out: {LoopFaults.Summary(exception)}");
        }
    }
}
