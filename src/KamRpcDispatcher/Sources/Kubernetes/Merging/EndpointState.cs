using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Api;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>What an endpoint's conditions say of its member.</summary>
/// <param name="State">Its state.</param>
/// <param name="IsTerminating">Whether it is on its way out by its own word: then its going is no mishap.</param>
/// <param name="Reason">Why it is not ready; null for one that is.</param>
/// <param name="IsOverridden">Whether it is called ready for all that: <c>publishNotReadyAddresses</c>.</param>
internal readonly record struct EndpointState(MemberState State, bool IsTerminating, string? Reason, bool IsOverridden)
{
    private const string Terminating = "its pod is terminating";
    private const string NotReady = "its pod is not ready";

    /// <summary>
    /// Ready is who is ready and serving and does not terminate; who serves and terminates drains; everybody else is down. What is not said means ready, as ready is, and not
    /// terminating: the API's own rule.
    /// </summary>
    /// <remarks>
    /// The API: ready is never true of an endpoint that terminates, "except when the normal readiness behavior is being explicitly overridden, for example when the
    /// associated Service has set the publishNotReadyAddresses flag". Its <c>ready</c> says nothing of the server then; its <c>serving</c> still does.
    /// </remarks>
    public static EndpointState Of(EndpointConditions? conditions)
    {
        var ready = conditions?.Ready ?? true;
        var serving = conditions?.Serving ?? ready;
        var terminating = conditions?.Terminating ?? false;
        var isOverridden = conditions?.Ready == true && (!serving || terminating);
        return (ready, serving, terminating) switch
        {
            (true, true, false) => new EndpointState(MemberState.Ready, false, null, isOverridden),
            (_, true, true) => new EndpointState(MemberState.Draining, true, Terminating, isOverridden),
            (_, _, true) => new EndpointState(MemberState.Down, true, Terminating, isOverridden),
            _ => new EndpointState(MemberState.Down, false, NotReady, isOverridden),
        };
    }
}
