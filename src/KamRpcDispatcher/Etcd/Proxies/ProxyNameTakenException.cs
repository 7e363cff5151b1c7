namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Another dispatcher reports under this proxy's name: each would overwrite what the other one says.</summary>
/// <param name="name">The name.</param>
/// <param name="holder">Who has it.</param>
/// <param name="isSameKamailio">Whether it works for the same Kamailio: another name helps where there are two.</param>
public sealed class ProxyNameTakenException(string name, string holder, bool isSameKamailio = false)
    : Exception(isSameKamailio
        ? $"another kamrpc dispatch works for this Kamailio, and reports under the name '{name}': {holder}. Stop it first, or give this one another Kamailio with --kamailio"
        : $"another kamrpc dispatch reports under the name '{name}': {holder}. Give this one a name of its own with --proxy NAME");
