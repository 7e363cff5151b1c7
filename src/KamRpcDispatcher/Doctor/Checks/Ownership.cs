using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whose a destination is.</summary>
internal static class Ownership
{
    /// <summary>Whether some kamrpc added it, of whatever cluster.</summary>
    public static bool IsOurs(DispatcherDestination destination) =>
        Cluster(destination) is not null;

    /// <summary>The cluster for which it was added; null where kamrpc did not add it.</summary>
    public static string? Cluster(DispatcherDestination destination) => AttributeList.FindExact(destination.Attributes, "kamrpc");
}
