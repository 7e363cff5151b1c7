using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Etcd;

/// <summary>The addresses of an etcd cluster: <c>http://host:port</c> or <c>host:port</c>, several separated by commas.</summary>
public sealed record EtcdEndpoints
{
    public const string Default = "http://127.0.0.1:2379";

    private const int DefaultPort = 2379;

    private EtcdEndpoints(string connectionString) => ConnectionString = connectionString;

    /// <summary>The endpoints as dotnet-etcd takes them.</summary>
    internal string ConnectionString { get; }

    /// <summary>Each endpoint by itself.</summary>
    public IEnumerable<EtcdEndpoints> Each() => ConnectionString.Split(',').Select(static endpoint => new EtcdEndpoints(endpoint));

    public static bool TryParse(string text, [NotNullWhen(true)] out EtcdEndpoints? endpoints, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoints = null;
        var uris = new List<string>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            error = Read(part, uris);
            if (error is not null)
            {
                return false;
            }
        }

        error = null;
        endpoints = new EtcdEndpoints(string.Join(',', uris));
        return true;
    }

    public override string ToString() => ConnectionString;

    private static string? Read(string part, List<string> uris)
    {
        if (part.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return $"'{part}': TLS to etcd is not supported by this version; use http:// over a trusted network or a local proxy";
        }

        var text = part.Contains("://", StringComparison.Ordinal) ? part : "http://" + part;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.Host.Length == 0)
        {
            return $"'{part}' is not an etcd endpoint such as {Default}";
        }

        if (uri.PathAndQuery != "/" || uri.UserInfo.Length > 0)
        {
            return $"'{part}' has more than a host and a port";
        }

        var port = uri.IsDefaultPort && !part.EndsWith(":80", StringComparison.Ordinal) ? DefaultPort : uri.Port;
        uris.Add($"http://{uri.Host}:{port}");
        return null;
    }
}
