namespace KamRpcDispatcher.Claim;

/// <summary>Another daemon serves this Kamailio; two would undo each other's work, and are two writers to its table.</summary>
public sealed class ProxyTakenException(string holder)
    : Exception($"another kamrpc dispatch serves this Kamailio: {holder}. Stop it first, or give this one another Kamailio with --kamailio");
