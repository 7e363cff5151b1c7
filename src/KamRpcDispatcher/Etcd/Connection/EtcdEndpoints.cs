using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>The addresses of an etcd cluster: <c>http://host:port</c>, <c>https://host:port</c> or <c>host:port</c>, several separated by commas.</summary>
public sealed record EtcdEndpoints
{
    public const string Default = "http://127.0.0.1:2379";

    public const int DefaultPort = 2379;

    private EtcdEndpoints(string connectionString) => ConnectionString = connectionString;

    /// <summary>Whether they are reached over TLS; all are, or none.</summary>
    public bool IsSecure => ConnectionString.StartsWith(Uri.UriSchemeHttps + ":", StringComparison.Ordinal);

    /// <summary>The endpoints as dotnet-etcd takes them.</summary>
    internal string ConnectionString { get; }

    /// <summary>Each endpoint by itself.</summary>
    public IEnumerable<EtcdEndpoints> Each() => ConnectionString.Split(',').Select(static endpoint => new EtcdEndpoints(endpoint));

    public static bool TryParse(string text, [NotNullWhen(true)] out EtcdEndpoints? endpoints, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoints = null;
        if (text.Contains('@', StringComparison.Ordinal))
        {
            // What stands before the host may be a password, with any character in it: none of the text is shown, not by an error of one part either.
            error = "an etcd endpoint has a user before the host (there is an '@'), and is not shown here; give --etcd-user and --etcd-password-file instead, and change a password that was written here: others may have seen it";
            return false;
        }

        var uris = new List<string>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            error = Read(part, uris);
            if (error is not null)
            {
                return false;
            }
        }

        if (uris.Select(static uri => uri[..uri.IndexOf(':', StringComparison.Ordinal)]).Distinct().Count() > 1)
        {
            // dotnet-etcd has one kind of channel for all of them.
            error = $"'{text}' mixes http:// and https://; write https:// before every endpoint, or before none (host:port is http://)";
            return false;
        }

        error = null;
        endpoints = new EtcdEndpoints(string.Join(',', uris));
        return true;
    }

    public override string ToString() => ConnectionString;

    private static string? Read(string part, List<string> uris)
    {
        var text = part.Contains("://", StringComparison.Ordinal) ? part : "http://" + part;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
        {
            return $"'{part}' is not an etcd endpoint such as {Default}";
        }

        if (uri.PathAndQuery != "/")
        {
            return $"'{part}' has more than a host and a port";
        }

        var isPortGiven = !uri.IsDefaultPort || part.TrimEnd('/').EndsWith($":{uri.Port}", StringComparison.Ordinal);
        uris.Add($"{uri.Scheme}://{uri.Host}:{(isPortGiven ? uri.Port : DefaultPort)}");
        return null;
    }
}
