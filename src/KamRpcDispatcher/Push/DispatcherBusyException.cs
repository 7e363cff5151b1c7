using KamailioRpc.Errors;

namespace KamRpcDispatcher.Push;

/// <summary>Kamailio answers "Ongoing reload": within <c>reload_delta</c> of the last structural change it takes no other. Nothing was done.</summary>
public sealed class DispatcherBusyException(KamailioFaultException fault)
    : Exception("Kamailio takes no change now (\"Ongoing reload\"): reload_delta is not 0", fault);
