using KamailioRpc.Commands;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Kamailio's answer to <c>dispatcher.list</c>.</summary>
/// <param name="Destinations">What it lists.</param>
/// <param name="Octets">How long the result was, as JSON; 0 when there are no destinations.</param>
internal sealed record ListReply(IReadOnlyList<DispatcherDestination> Destinations, int Octets)
{
    /// <summary>Why there is no list although Kamailio answers other calls: it does not fit into a reply. Null when there is one.</summary>
    public string? TooLong { get; init; }
}
