using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>
/// A destination of ours that never gets a call: disabled, in a set of its own. Whether it is still there tells with one cheap call whether
/// somebody's <c>dispatcher.reload</c> has taken away what was added over RPC: <c>set_state</c> fails for what is not listed.
/// </summary>
internal static class Sentinel
{
    public const int Set = MemberKey.ReservedSet;

    /// <summary>An address, since names are resolved at each rebuild, and the port where nobody listens (discard).</summary>
    public const string Uri = "sip:127.0.0.1:9";

    public static AddDestination For(string cluster) =>
        new(Set, Uri, DestinationFlags.Disabled, 0, AttributeText.Format("kamrpc-sentinel", cluster));

    public static bool Is(ListedDestination entry) => entry is { Set: Set, Uri: Uri };
}
