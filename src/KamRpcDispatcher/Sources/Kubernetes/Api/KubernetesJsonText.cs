using System.Text.Json;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>Reads the object of an event.</summary>
internal static class KubernetesJsonText
{
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static EndpointSlice ReadSlice(JsonElement element)
    {
        try
        {
            return element.Deserialize(KubernetesJson.Default.EndpointSlice) ?? throw new InvalidDataException("an event of the watch has no object");
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"an event of the watch has no EndpointSlice that can be used ({malformed.Message})", malformed);
        }
    }

    /// <summary>An error that says nothing of itself is one all the same.</summary>
    public static ApiStatus ReadStatus(JsonElement element)
    {
        try
        {
            return element.Deserialize(KubernetesJson.Default.ApiStatus) ?? new ApiStatus(null, null, null);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return new ApiStatus(null, null, null);
        }
    }
}
