using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>Tells how the slices of one Service are followed, and that they cannot be.</summary>
/// <param name="service">The Service.</param>
/// <param name="server">The API server, for messages.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ServiceWatchLog(KubernetesService service, Func<ClusterAccess?> server, TimeProvider timeProvider, ILogger logger)
{
    private readonly Outage _outage = new(timeProvider);
    private readonly LogLimit _lists = new(timeProvider);
    private volatile StoreOutage? _away;
    private long _heardAt;
    private bool _isEmptyTold;

    /// <summary>Its namespace and name.</summary>
    public string Name { get; } = $"{service.Namespace}/{service.Service}";

    /// <summary>Since when it cannot be followed, and why; null while it can.</summary>
    public StoreOutage? Away => _away;

    /// <summary>How long ago the API server was heard; null for never.</summary>
    public TimeSpan? HeardAgo => Interlocked.Read(ref _heardAt) is not 0 and var at ? timeProvider.GetElapsedTime(at) : null;

    private string Server => server()?.Server.Authority ?? "the API server";

    public void Heard() => Interlocked.Exchange(ref _heardAt, timeProvider.GetTimestamp());

    public void Listed(int slices, string version)
    {
        if (_lists.Allows())
        {
            KubernetesLog.Listed(logger, slices, Name, version);
        }

        if (slices == 0 && !_isEmptyTold)
        {
            KubernetesLog.NoSlices(logger, Name);
        }

        _isEmptyTold = slices == 0;
    }

    public void Gone(string? version, string reason)
    {
        if (_lists.Allows())
        {
            KubernetesLog.Gone(logger, Name, version ?? "of a list", reason);
        }
    }

    /// <returns>Whether it could not be before.</returns>
    public bool Followed(string version)
    {
        Heard();
        var wasAway = _away is not null;
        _away = null;
        if (_outage.End() is { } lasted)
        {
            KubernetesLog.Resumed(logger, Name, version, lasted);
        }

        return wasAway;
    }

    public void Failed(Exception exception)
    {
        // What is refused somebody has to mend; how it cannot be reached changes all the time.
        var reason = ApiFaults.Describe(exception, server(), service.Namespace);
        switch (_outage.Meet(ApiFaults.IsToBeMended(exception) ? reason : string.Empty))
        {
            case OutageNews.Begins or OutageNews.Changes:
                KubernetesLog.Interrupted(logger, Name, Server, reason);
                break;
            case OutageNews.Lasts:
                KubernetesLog.StillInterrupted(logger, Name, Server, _outage.Lasted, reason);
                break;
        }

        _away = new StoreOutage(_outage.Since ?? timeProvider.GetUtcNow(), reason) { Store = $"kubernetes:{Name}" };
    }
}
