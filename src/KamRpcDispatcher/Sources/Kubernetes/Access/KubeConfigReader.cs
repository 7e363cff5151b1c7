using System.Text;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>Reads the access of a kubeconfig file's current context. What it cannot follow safely it refuses, and says what to do; what is secret in it is in no message.</summary>
internal static class KubeConfigReader
{
    /// <param name="file">The file; the paths in it are relative to its folder.</param>
    /// <exception cref="InvalidDataException">It cannot be used: it names the file, and says why.</exception>
    public static ClusterAccess Read(string file)
    {
        var text = PemFiles.ReadText(file);
        try
        {
            var config = JsonSerializer.Deserialize(YamlText.ToJson(text).Span, KubeConfigJson.Default.KubeConfig) ?? throw new InvalidDataException("it is empty");
            return Read(config, file);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"'{file}' is no kubeconfig: the field {malformed.Path} has a value of another kind", malformed);
        }
        catch (InvalidDataException wrong) when (!wrong.Message.Contains(file, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{file}' cannot be used: {wrong.Message}", wrong);
        }
    }

    private static ClusterAccess Read(KubeConfig config, string file)
    {
        var current = config.CurrentContext is { Length: > 0 } name ? name : throw new InvalidDataException("it has no current-context; kubectl config use-context sets one");
        var context = config.Contexts?.FirstOrDefault(one => one?.Name == current)?.Context ?? throw new InvalidDataException($"it has no context '{SafeText.Shorten(current)}'");
        var cluster = config.Clusters?.FirstOrDefault(one => one?.Name == context.Cluster)?.Cluster ?? throw new InvalidDataException($"it has no cluster '{SafeText.Shorten(context.Cluster ?? string.Empty)}'");
        var user = config.Users?.FirstOrDefault(one => one?.Name == context.User)?.User ?? new KubeUser();
        if ((Unfit(cluster) ?? Unfit(user)) is { } reason)
        {
            throw new InvalidDataException(reason);
        }

        if (!Uri.TryCreate(cluster.Server?.TrimEnd('/') + "/", UriKind.Absolute, out var server) || server.Scheme != Uri.UriSchemeHttps)
        {
            throw new InvalidDataException($"the server '{SafeText.Shorten(cluster.Server ?? string.Empty)}' is no address with https://");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var certificate = Decode(user.CertificateData, "client-certificate-data");
        var key = Decode(user.KeyData, "client-key-data");
        if ((certificate ?? user.CertificateFile) is null != (key ?? user.KeyFile) is null || certificate is null != key is null)
        {
            throw new InvalidDataException("a client's certificate needs its key, and both as files or both as data");
        }

        var authority = Decode(cluster.AuthorityData, "certificate-authority-data");
        return new ClusterAccess(server)
        {
            TlsServerName = cluster.TlsServerName,
            Authority = authority,
            AuthorityFile = authority is null ? Whole(cluster.AuthorityFile) : null,
            TokenFile = Whole(user.TokenFile),
            Token = user.Token is { Length: > 0 } token ? new Secret(token) : null,
            CertificateFile = certificate is null ? Whole(user.CertificateFile) : null,
            KeyFile = key is null ? Whole(user.KeyFile) : null,
            Identity = certificate is not null && key is not null ? (certificate, new Secret(key)) : null,
            Namespace = context.Namespace,
            Origin = file,
        };

        string? Whole(string? path) => string.IsNullOrEmpty(path) ? null : Path.Combine(folder, path);
    }

    private static string? Unfit(KubeCluster cluster) =>
        cluster.IsUnverified == true ? "insecure-skip-tls-verify lets anybody be the API server; give certificate-authority"
        : cluster.Proxy is { Length: > 0 } ? "proxy-url is not followed; set HTTPS_PROXY instead"
        : null;

    private static string? Unfit(KubeUser user) =>
        IsGiven(user.Exec) ? "its user has an exec plugin, and kamrpc starts no programs for a token; give a token, a tokenFile or a client certificate (kubectl create token makes one of a service account)"
        : IsGiven(user.AuthProvider) ? "its user has an auth-provider, which Kubernetes itself has given up; give a token, a tokenFile or a client certificate"
        : user.Username is { Length: > 0 } ? "its user has a name and a password, which Kubernetes takes no more; give a token, a tokenFile or a client certificate"
        : user.Impersonated is { Length: > 0 } ? "its user impersonates another one, which is not followed; give the access that is meant"
        : null;

    private static bool IsGiven(JsonElement? value) => value is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) };

    private static string? Decode(string? data, string field)
    {
        if (string.IsNullOrEmpty(data))
        {
            return null;
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }
        catch (FormatException)
        {
            throw new InvalidDataException($"{field} is not base64");
        }
    }
}
