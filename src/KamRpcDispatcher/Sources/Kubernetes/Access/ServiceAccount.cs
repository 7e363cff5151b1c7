using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>The access that Kubernetes gives every pod: variables with the address of its API server, and a folder with a token, whom to trust, and the namespace.</summary>
internal static class ServiceAccount
{
    /// <summary>Where pods have it.</summary>
    public const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Null with the reason where this is no pod, or has no token.</summary>
    public static ClusterAccess? Find(Func<string, string?> variable, string folder, out string? error)
    {
        var (host, port) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"));
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            error = "this is no pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set); give a file with --kubeconfig or KUBECONFIG";
            return null;
        }

        var literal = IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : host;
        if (!Uri.TryCreate($"https://{literal}:{port}/", UriKind.Absolute, out var server))
        {
            error = $"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no address: '{Destinations.SafeText.Shorten(host)}', '{Destinations.SafeText.Shorten(port)}'";
            return null;
        }

        var (token, authority) = (Path.Combine(folder, "token"), Path.Combine(folder, "ca.crt"));
        if ((NamedFile.WhyNot(token) ?? NamedFile.WhyNot(authority)) is { } missing)
        {
            error = $"{missing}: the pod needs its service account's token (automountServiceAccountToken), or give a file with --kubeconfig";
            return null;
        }

        error = null;
        return new ClusterAccess(server) { TokenFile = token, AuthorityFile = authority, Namespace = ReadNamespace(Path.Combine(folder, "namespace")), Origin = folder, IsPods = true };
    }

    private static string? ReadNamespace(string file)
    {
        try
        {
            return NamedFile.ReadTextOrNull(file)?.Trim() is { Length: > 0 } name ? name : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
