using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>A Service with all its slices, as they were heard last.</summary>
internal sealed record ServiceSlices(KubernetesService Service, IReadOnlyCollection<EndpointSlice> Slices)
{
    /// <summary>Whether they are what was read, and not nothing in its place.</summary>
    public bool IsRead { get; init; } = true;
}
