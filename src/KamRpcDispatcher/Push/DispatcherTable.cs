using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Push;

/// <summary>What one Kamailio has, read at one moment.</summary>
/// <param name="Version">Its release.</param>
/// <param name="UpSince">When it was started, as <c>core.uptime</c> words it: another text is another start.</param>
/// <param name="Destinations">Its dispatcher list, in Kamailio's order.</param>
public sealed record DispatcherTable(KamailioVersion Version, string UpSince, IReadOnlyList<ListedDestination> Destinations);
