using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>The dispatcher module of one Kamailio.</summary>
public interface IDispatcher
{
    /// <summary>The calls that Kamailio has left without an answer since it answered last; null for none.</summary>
    Unanswered? Unanswered { get; }

    /// <summary>Reads version and list. An empty table is an empty list.</summary>
    /// <exception cref="KamailioRpcException">It could not be read.</exception>
    Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// What the last reading showed, with the changes since that Kamailio said it had made; null where that need not be so any more: nothing was read, Kamailio was started
    /// anew, or what became of a change is unknown.
    /// </summary>
    DispatcherTable? Known => null;

    /// <summary>Whether a destination of ours that is disabled, and stays so, is in the list; much cheaper than reading that.</summary>
    /// <exception cref="KamailioRpcException">It could not be asked.</exception>
    Task<bool> IsListedAsync(int group, string uri, CancellationToken cancellationToken);

    /// <summary>Makes one change. That Kamailio accepted it proves nothing: what <see cref="ReadAsync"/> shows is the truth.</summary>
    /// <exception cref="DispatcherBusyException">A reload is going on or was a moment ago: later.</exception>
    /// <exception cref="KamailioRpcException">It was refused, or its outcome is unknown.</exception>
    Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken);

    /// <summary>Has Kamailio load its list anew, which takes away what does not stand there. What comes of it is to be read.</summary>
    /// <param name="adds">What stands there and is not listed yet.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DispatcherBusyException">A reload is going on or was a moment ago: later.</exception>
    /// <exception cref="KamailioRpcException">It was refused, or its outcome is unknown.</exception>
    Task ReloadAsync(IReadOnlyList<AddDestination> adds, CancellationToken cancellationToken);
}
