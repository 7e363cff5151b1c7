using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whose a destination is.</summary>
internal static class Ownership
{
    /// <summary>Whether some kamrpc added it, of whatever cluster.</summary>
    public static bool IsOurs(DispatcherDestination destination) =>
        Cluster(destination) is not null;

    /// <summary>Its address as a member would announce it; null where no member can. The second spelling of one has a parameter more.</summary>
    public static SipUri? Uri(DispatcherDestination destination) =>
        SipUri.TryParse(destination.Uri.EndsWith(";kamrpc", StringComparison.OrdinalIgnoreCase) ? destination.Uri[..destination.Uri.LastIndexOf(';')] : destination.Uri, out var uri, out _) ? uri : null;

    /// <summary>The cluster for which it was added; null where kamrpc did not add it.</summary>
    public static string? Cluster(DispatcherDestination destination) => AttributeList.FindExact(destination.Attributes, "kamrpc");
}
