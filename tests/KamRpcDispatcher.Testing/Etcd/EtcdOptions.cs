namespace KamRpcDispatcher.Testing;

public sealed record EtcdOptionSet
{
    /// <summary>Added to etcd's command line.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Whose server certificate it shows to clients; null for plaintext.</summary>
    public TestCertificates? Certificates { get; init; }

    /// <summary>Whether a client has to show a certificate of that authority.</summary>
    public bool RequiresClientCertificate { get; init; }

    /// <summary>The name of the node in its cluster.</summary>
    public string Name { get; init; } = "test";

    /// <summary>Where its peers reach it.</summary>
    public string PeerAddress { get; init; } = NewAddress();

    /// <summary>All nodes of the cluster, as <c>--initial-cluster</c> has them; null for this one alone.</summary>
    public string? InitialCluster { get; init; }

    /// <summary>Of a port that nobody has, for a peer.</summary>
    internal static string NewAddress() => $"http://127.0.0.1:{RealServers.FreePort()}";
}
