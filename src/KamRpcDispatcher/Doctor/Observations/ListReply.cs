using KamailioRpc;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Kamailio's answer to <c>dispatcher.list</c>.</summary>
/// <param name="Destinations">What it lists.</param>
/// <param name="Bytes">How long the result was, as JSON; 0 when there are no destinations.</param>
internal sealed record ListReply(IReadOnlyList<DispatcherDestination> Destinations, int Bytes)
{
    /// <summary>What everything says that needs the whole list, where <see cref="IsWhole"/> is false.</summary>
    public static Trouble NotWhole { get; } = new("the list of destinations cannot be read", Causes.List);

    /// <summary>Why there is no list over the address in use although Kamailio answers other calls: it does not fit into a reply. Null when there is one.</summary>
    public string? TooLong { get; init; }

    /// <summary>Where a list that is too long for the address in use was read in its place; null when it was not.</summary>
    public KamailioAddress? ReadOver { get; init; }

    /// <summary>Whether <see cref="Destinations"/> are all that Kamailio has.</summary>
    public bool IsWhole => TooLong is null || ReadOver is not null;
}
