using KamailioRpc.Commands;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>One grace period that has not ended. A later structural change makes another: what was seen for this one counts nothing then.</summary>
internal sealed class RunningPeriod(long begun)
{
    /// <summary>When the change was made.</summary>
    public long Begun { get; } = begun;

    /// <summary>When somebody began to wait for its end.</summary>
    public long? FirstWait { get; set; }

    /// <summary>Whether Kamailio was asked for its processes since.</summary>
    public bool HasAsked { get; set; }

    /// <summary>Those not seen at rest yet; null when it is not known who they are.</summary>
    public WatchedProcesses? Watched { get; private set; }

    /// <summary>From when the fixed gap counts: where processes were watched first, the time before that has proved to be too short.</summary>
    public long GapBegun { get; private set; } = begun;

    public WatchedProcesses Watch(IEnumerable<KamailioProcess> processes) => Watched ??= new WatchedProcesses([.. processes]);

    /// <summary>Who was seen counts nothing any more.</summary>
    public void Forget(long now)
    {
        if (Watched is not null)
        {
            (Watched, GapBegun) = (null, now);
        }
    }
}

/// <summary>Processes that have not been seen at rest.</summary>
/// <param name="Unseen">These, fewer each time.</param>
internal sealed record WatchedProcesses(List<KamailioProcess> Unseen)
{
    /// <summary>Who was seen at rest last.</summary>
    public KamailioProcess? Last { get; set; }

    /// <summary>For how long they were polled.</summary>
    public TimeSpan Polled { get; set; }

    /// <summary>How much they have done; null before anybody needs to know.</summary>
    public MovementSince? Movement { get; set; }
}
