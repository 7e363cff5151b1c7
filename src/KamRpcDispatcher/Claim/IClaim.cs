using KamailioRpc.Errors;

namespace KamRpcDispatcher.Claim;

/// <summary>The right to change one Kamailio, which one daemon has at a time, by whatever address and from whatever host it comes.</summary>
internal interface IClaim
{
    /// <summary>
    /// At the beginning of each cycle: takes the claim, or makes sure that it is still held. May take some seconds when somebody else's has to
    /// be proved dead.
    /// </summary>
    /// <exception cref="ProxyTakenException">Another daemon has it: not a failure of the cycle, but the end of this daemon.</exception>
    /// <exception cref="KamailioRpcException">Kamailio is away, and there is nothing to claim: a failure of the cycle like that of any call in it.</exception>
    Task EnsureAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Before each structural change. Costs nothing as a rule; a daemon that was stopped for a while (SIGSTOP, a paused machine) asks Kamailio.
    /// </summary>
    /// <exception cref="ProxyTakenException">Another daemon has taken it meanwhile.</exception>
    /// <exception cref="KamailioRpcException">It cannot be told, or Kamailio was restarted: the change must not be made, plan again.</exception>
    Task ConfirmAsync(CancellationToken cancellationToken);
}
