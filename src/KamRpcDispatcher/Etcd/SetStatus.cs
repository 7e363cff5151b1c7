namespace KamRpcDispatcher.Etcd;

/// <summary>What one set of Kamailio's list holds.</summary>
/// <param name="Destinations">Its entries, an operator's too.</param>
/// <param name="Routable">Those that may get calls.</param>
public readonly record struct SetStatus(int Destinations, int Routable);
