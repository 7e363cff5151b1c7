using KamailioRpc.Commands;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whose a destination is.</summary>
internal static class Ownership
{
    /// <summary>Whether some kamrpc added it, of whatever cluster.</summary>
    public static bool IsOurs(DispatcherDestination destination) =>
        destination.Attributes.Split(';').Any(static attribute => attribute.StartsWith("kamrpc=", StringComparison.Ordinal));
}
