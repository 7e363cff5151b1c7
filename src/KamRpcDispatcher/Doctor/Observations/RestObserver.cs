using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Polls Kamailio's processes as the grace period does.</summary>
internal static class RestObserver
{
    /// <summary>Nearly every process of a Kamailio with calls rests every few milliseconds; the rarest one that was seen, twice a second.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>The view that would be used; why there is none.</summary>
    public static Observed<IProcessView> View(IReadOnlyList<KamailioProcess> processes)
    {
        if (ProcessIdentity.Check(processes) is { } stranger)
        {
            return Observed<IProcessView>.Not(stranger);
        }

        var reasons = new List<string>();
        foreach (var view in new IProcessView[] { new SystemCallView(), new WaitChannelView() })
        {
            if (view.Check(processes) is not { } reason)
            {
                return Observed<IProcessView>.Of(view);
            }

            reasons.Add(reason);
        }

        return Observed<IProcessView>.Not(string.Join("; ", reasons));
    }

    /// <summary>Polls each process until it was seen at rest, or has ended.</summary>
    /// <returns>Those that never were.</returns>
    public static async Task<IReadOnlyList<KamailioProcess>> RestlessAsync(
        IProcessView view, IReadOnlyList<KamailioProcess> processes, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        var restless = processes.ToList();
        while (true)
        {
            restless.RemoveAll(process => view.ActivityOf(process) is ProcessActivity.AtRest or ProcessActivity.Gone);
            if (restless.Count == 0 || timeProvider.GetElapsedTime(begun) > Patience)
            {
                return restless;
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
