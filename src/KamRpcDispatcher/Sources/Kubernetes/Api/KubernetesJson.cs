using System.Text.Json.Serialization;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>Reads what the API server sends, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(EndpointSliceList))]
[JsonSerializable(typeof(WatchEvent))]
[JsonSerializable(typeof(ApiStatus))]
internal sealed partial class KubernetesJson : JsonSerializerContext;
