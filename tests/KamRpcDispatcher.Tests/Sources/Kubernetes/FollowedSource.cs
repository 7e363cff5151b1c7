using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Kubernetes;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>A source that runs against a server of the API, and the changes that it tells of.</summary>
internal sealed class FollowedSource : IAsyncDisposable
{
    /// <summary>Short, since nobody waits for a minute here.</summary>
    public static readonly WatchTimes Quick = new() { Answer = TimeSpan.FromSeconds(2), Watch = TimeSpan.FromSeconds(3), Silence = TimeSpan.FromSeconds(5), Ping = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMilliseconds(200) };

    private readonly CancellationTokenSource _life = new();
    private readonly Milestones _changes = new();
    private readonly Task _running;

    public FollowedSource(Func<ClusterAccess> access, WatchTimes? times = null, params KubernetesService[] services)
        : this(access, times, null, services)
    {
    }

    private FollowedSource(Func<ClusterAccess> access, WatchTimes? times, Membership? before, KubernetesService[] services)
    {
        Source = new KubernetesSource(services.Length == 0 ? [Slices.Service()] : services, access, times ?? Quick, TimeProvider.System, Log);
        if (before is not null)
        {
            Source.Seed(before);
        }

        _running = Source.RunAsync(_changes.Passed, _life.Token);
    }

    public KubernetesSource Source { get; }

    public LogCapture<KubernetesSource> Log { get; } = new();

    /// <summary>With the token of a kubeconfig file that the server wrote.</summary>
    public static FollowedSource Of(ApiServer server, string? endpoint = null, params KubernetesService[] services)
    {
        var config = server.WriteKubeConfig(endpoint);
        return new FollowedSource(() => KubeConfigReader.Read(config), null, services);
    }

    /// <summary>The same after a start before which this was saved.</summary>
    public static FollowedSource After(ApiServer server, Membership before, params KubernetesService[] services)
    {
        var config = server.WriteKubeConfig();
        return new FollowedSource(() => KubeConfigReader.Read(config), null, before, services);
    }

    /// <summary>Waits until the members are these: name and state, in the order of their names.</summary>
    public Task WaitForAsync(params string[] members) => _changes.WaitUntilAsync(() => members.SequenceEqual(Members));

    public Task WaitUntilAsync(Func<Membership, bool> condition) => _changes.WaitUntilAsync(() => Source.Current is { } current && condition(current));

    public IEnumerable<string> Members => Source.Current?.Members.Select(static member => $"{member.Key.Name} {member.State}") ?? [];

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }
}
