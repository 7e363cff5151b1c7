using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>Reads a cluster, once or again and again, and tells how old its reports are.</summary>
internal sealed class StatusReader(IClusterReader reader, StatusOptions options, TimeProvider timeProvider)
{
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromSeconds(1);

    private readonly ReportAges _ages = new(timeProvider);
    private ClusterView? _last;

    /// <summary>
    /// Reads once, and goes on only where a report looks old by this host's clock, until the store has shown whether it is; and where a proxy goes by
    /// members that are not there any more, until it had time to follow.
    /// </summary>
    /// <param name="tell">Told why it takes so long.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ClusterUnreachableException">Nothing came for about two seconds.</exception>
    public async Task<ClusterCalls> ReadSettledAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        var calls = await ReadAsync(cancellationToken).ConfigureAwait(false);
        List<string> doubtful = [.. calls.Proxies.Where(static lens => lens.Age.Freshness == ReportFreshness.Doubtful).Select(static lens => lens.Name).Take(3)];
        if (doubtful.Count > 0)
        {
            tell($"kamrpc: by this host's clock the report of {string.Join(", ", doubtful)} is old, or of the future: it is watched for {Ages.Show(ReportAges.Limit)} at most, whether a new one comes");
        }

        while (_ages.HasDoubt(calls.Cluster))
        {
            await Task.Delay(BetweenReadings, timeProvider, cancellationToken).ConfigureAwait(false);
            calls = await ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        return calls;
    }

    /// <summary>Reads what there is now; where nothing was written since, the time passes only.</summary>
    /// <exception cref="ClusterUnreachableException">Nothing came for about two seconds.</exception>
    public async Task<ClusterCalls> ReadAsync(CancellationToken cancellationToken)
    {
        if (_last is null || await reader.ReadRevisionAsync(cancellationToken).ConfigureAwait(false) != _last.Revision)
        {
            _last = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        _ages.Observe(_last);
        return new ClusterCalls(options.Filter(_last), _ages, timeProvider.GetUtcNow(), options.Sets);
    }

    /// <summary>The store could not be read: that a report has not changed meanwhile says nothing of its proxy.</summary>
    public void Interrupted()
    {
        _ages.Forget();
        _last = null;
    }
}
