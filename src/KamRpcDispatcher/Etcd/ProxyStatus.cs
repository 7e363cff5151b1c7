using System.Collections.Immutable;

namespace KamRpcDispatcher.Etcd;

/// <summary>What one proxy says of itself in <c>proxies/&lt;proxy&gt;</c>.</summary>
/// <param name="Revision">The revision of the store whose membership Kamailio's list was last seen to equal, destinations that Kamailio refuses apart.</param>
/// <param name="AppliedAt">When it was seen.</param>
/// <param name="Kamailio">Kamailio's release.</param>
/// <param name="Drift">How many changes are still owed, to destinations that Kamailio refuses too.</param>
/// <param name="Sets">What the list holds, by set.</param>
public sealed record ProxyStatus(long Revision, DateTimeOffset AppliedAt, string Kamailio, int Drift, ImmutableSortedDictionary<int, SetStatus> Sets);

/// <summary>What one set of Kamailio's list holds.</summary>
/// <param name="Destinations">Its entries, an operator's too.</param>
/// <param name="Routable">Those that may get calls.</param>
public readonly record struct SetStatus(int Destinations, int Routable);
