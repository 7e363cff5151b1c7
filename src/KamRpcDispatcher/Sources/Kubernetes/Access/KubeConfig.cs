using System.Text.Json.Serialization;

namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>The fields of a kubeconfig file (<c>v1</c>, kind <c>Config</c>) that are read, or have to be refused.</summary>
internal sealed record KubeConfig
{
    [JsonPropertyName("current-context")]
    public string? CurrentContext { get; init; }

    public IReadOnlyList<NamedContext?>? Contexts { get; init; }

    public IReadOnlyList<NamedCluster?>? Clusters { get; init; }

    public IReadOnlyList<NamedUser?>? Users { get; init; }
}

internal sealed record NamedContext(string? Name, KubeContext? Context);

internal sealed record KubeContext(string? Cluster, string? User, string? Namespace);

internal sealed record NamedCluster(string? Name, KubeCluster? Cluster);

internal sealed record KubeCluster
{
    public string? Server { get; init; }

    [JsonPropertyName("tls-server-name")]
    public string? TlsServerName { get; init; }

    [JsonPropertyName("insecure-skip-tls-verify")]
    public bool? IsUnverified { get; init; }

    [JsonPropertyName("certificate-authority")]
    public string? AuthorityFile { get; init; }

    [JsonPropertyName("certificate-authority-data")]
    public string? AuthorityData { get; init; }

    [JsonPropertyName("proxy-url")]
    public string? Proxy { get; init; }
}

internal sealed record NamedUser(string? Name, KubeUser? User);

internal sealed record KubeUser
{
    public string? Token { get; init; }

    public string? TokenFile { get; init; }

    [JsonPropertyName("client-certificate")]
    public string? CertificateFile { get; init; }

    [JsonPropertyName("client-certificate-data")]
    public string? CertificateData { get; init; }

    [JsonPropertyName("client-key")]
    public string? KeyFile { get; init; }

    [JsonPropertyName("client-key-data")]
    public string? KeyData { get; init; }

    public string? Username { get; init; }

    public System.Text.Json.JsonElement? Exec { get; init; }

    [JsonPropertyName("auth-provider")]
    public System.Text.Json.JsonElement? AuthProvider { get; init; }

    [JsonPropertyName("as")]
    public string? Impersonated { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KubeConfig))]
internal sealed partial class KubeConfigJson : JsonSerializerContext;
