using System.Text.Json;
using System.Text.Json.Nodes;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>Slices for tests, read as the product reads them.</summary>
internal static class Slices
{
    public static KubernetesService Service(string name = "asterisk", int set = 1, string space = "voice") => new(space, name, set);

    public static EndpointSlice Read(JsonObject slice) => KubernetesJsonText.ReadSlice(JsonElement.Parse(slice.ToJsonString()));

    /// <summary>What the slices of one Service come to.</summary>
    public static MergedEndpoints Merge(params JsonObject[] slices) => EndpointMerge.Merge([new ServiceSlices(Service(), [.. slices.Select(Read)])]);
}
