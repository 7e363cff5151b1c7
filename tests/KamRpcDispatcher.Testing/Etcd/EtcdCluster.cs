using System.Diagnostics;

namespace KamRpcDispatcher.Testing;

/// <summary>A real etcd of three nodes on free ports of 127.0.0.1.</summary>
public sealed class EtcdCluster : IAsyncDisposable
{
    private static readonly TimeSpan ElectionTime = TimeSpan.FromSeconds(20);

    private EtcdCluster(IReadOnlyList<EtcdServer> nodes) => Nodes = nodes;

    public IReadOnlyList<EtcdServer> Nodes { get; }

    /// <summary>All endpoints, separated by commas.</summary>
    public string Endpoints => string.Join(',', Nodes.Select(static node => node.Endpoint));

    /// <param name="options">Of each node; names and addresses apart.</param>
    public static async Task<EtcdCluster> StartAsync(EtcdOptionSet? options = null)
    {
        string[] names = ["a", "b", "c"];
        var peers = names.ToDictionary(static name => name, static _ => EtcdOptionSet.NewAddress());
        var all = string.Join(',', peers.Select(static peer => $"{peer.Key}={peer.Value}"));
        var nodes = names.Select(name => new EtcdServer((options ?? new EtcdOptionSet()) with { Name = name, PeerAddress = peers[name], InitialCluster = all }));

        // At once: the first one serves nobody before it has found a second.
        return await ServerLife.StartOrDisposeAsync(
            new EtcdCluster([.. nodes]), static cluster => Task.WhenAll(cluster.Nodes.Select(static node => node.StartAgainAsync()))).ConfigureAwait(false);
    }

    /// <summary>The node that leads, as soon as a node of those says so.</summary>
    public static async Task<EtcdServer> LeaderAsync(params IEnumerable<EtcdServer> of)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (var node in of)
            {
                try
                {
                    if (await node.IsLeaderAsync().ConfigureAwait(false))
                    {
                        return node;
                    }
                }
                catch (InvalidOperationException)
                {
                    // etcdctl's user cannot be verified while nobody leads.
                }
            }

            if (Stopwatch.GetElapsedTime(begun) > ElectionTime)
            {
                throw new TimeoutException("No node leads.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            node.Kill();
        }

        foreach (var node in Nodes)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }
    }
}
