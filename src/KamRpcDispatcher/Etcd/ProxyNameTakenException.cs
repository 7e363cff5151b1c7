namespace KamRpcDispatcher.Etcd;

/// <summary>Another Kamailio's dispatcher reports under this proxy's name: each would overwrite what the other one says.</summary>
public sealed class ProxyNameTakenException(string name, string holder)
    : Exception($"another kamrpc dispatch reports under the name '{name}': {holder}. Give this one a name of its own with --proxy NAME");
