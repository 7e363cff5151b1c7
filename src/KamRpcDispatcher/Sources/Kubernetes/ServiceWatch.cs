using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>Follows the slices of one Service: lists them, watches from there on, begins again where a watch ended, and lists anew when that version is forgotten.</summary>
/// <param name="service">The Service.</param>
/// <param name="connect">A client of the API server, with its files read anew.</param>
/// <param name="times">How long what may take.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="log">What is told of it.</param>
/// <param name="logger">Where what is unexpected is logged.</param>
internal sealed class ServiceWatch(KubernetesService service, Func<EndpointSliceApi> connect, WatchTimes times, TimeProvider timeProvider, ServiceWatchLog log, ILogger logger)
{
    /// <summary>A watch that ended sooner is one that something keeps ending.</summary>
    private static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    /// <summary>After so many of these in a row, without an event, nobody can say that changes would be heard.</summary>
    private const int MostShort = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, EndpointSlice> _slices = new(StringComparer.Ordinal);
    private string? _version;
    private bool _isListed;
    private TimeSpan _pause;
    private long? _watchedSince;
    private int _short;
    private int _failed;

    public KubernetesService Service => service;

    public string Name => log.Name;

    /// <summary>All its slices as they were heard last; null before the first list.</summary>
    public ServiceSlices? Slices
    {
        get
        {
            lock (_lock)
            {
                return _isListed ? new ServiceSlices(service, [.. _slices.Values]) : null;
            }
        }
    }

    /// <summary>Whether it is watched now.</summary>
    public bool IsWatched { get; private set; }

    /// <inheritdoc cref="ServiceWatchLog.Away"/>
    public StoreOutage? Away => log.Away;

    /// <inheritdoc cref="ServiceWatchLog.HeardAgo"/>
    public TimeSpan? HeardAgo => log.HeardAgo;

    /// <summary>Runs until cancelled, through every outage.</summary>
    /// <param name="changed">Called after each change, and with true when the API server is heard again after an outage, before that.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Action<bool> changed, CancellationToken cancellationToken)
    {
        var faults = new LoopFaults($"the watch of the EndpointSlices of {log.Name}", logger, timeProvider);
        EndpointSliceApi? api = null;
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    api ??= connect();
                    await FollowAsync(api, changed, cancellationToken).ConfigureAwait(false);
                    faults.Succeeded();
                }
                catch (KubernetesApiException gone) when (gone.IsGone)
                {
                    // Not at full speed, should it always be so.
                    log.Gone(_version, gone.Message);
                    _version = null;
                    await PauseAsync(null, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (ApiFaults.IsOutage(exception) && !cancellationToken.IsCancellationRequested)
                {
                    HasStood();
                    _failed++;
                    _version = MayResumeAfter(exception) ? _version : null;
                    log.Failed(exception);
                    if (Slices is null)
                    {
                        // Others of its source do not wait for it any longer.
                        changed(false);
                    }

                    api?.Dispose();
                    api = null;
                    await PauseAsync((exception as KubernetesApiException)?.RetryAfter, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
                {
                    _version = null;
                    api?.Dispose();
                    api = null;
                    await Task.Delay(faults.Failed(exception), timeProvider, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    IsWatched = false;
                }
            }
        }
        finally
        {
            api?.Dispose();
        }
    }

    /// <summary>
    /// Whether the watch can go on where it was: where a connection was lost it can. What is malformed may have been lost on the way, and a server that was away for longer, or that takes the version amiss, may be
    /// one that was restored: its versions say nothing then. One that has too much to do is not asked for more.
    /// </summary>
    private bool MayResumeAfter(Exception exception) =>
        exception is KubernetesApiException { Code: System.Net.HttpStatusCode.TooManyRequests } || (exception is not (InvalidDataException or KubernetesApiException) && _failed <= 1);

    private async Task FollowAsync(EndpointSliceApi api, Action<bool> changed, CancellationToken cancellationToken)
    {
        if (_version is null)
        {
            await ListAsync(api, changed, cancellationToken).ConfigureAwait(false);
        }

        await using (var watch = await api.WatchAsync(service.Namespace, service.Service, _version!, cancellationToken).ConfigureAwait(false))
        {
            (IsWatched, _watchedSince) = (true, timeProvider.GetTimestamp());
            var reading = watch.ReadAsync(cancellationToken);
            if (_short >= MostShort)
            {
                await Task.WhenAny(reading, Task.Delay(ShortWatch, timeProvider, cancellationToken)).ConfigureAwait(false);
            }

            if (_short < MostShort || !reading.IsCompleted || (reading.IsCompletedSuccessfully && await reading.ConfigureAwait(false) is not null))
            {
                Followed(changed);
            }

            while (await reading.ConfigureAwait(false) is { } change)
            {
                log.Heard();
                (_pause, _short, _failed) = (TimeSpan.Zero, 0, 0);
                if (Apply(change))
                {
                    changed(false);
                }

                reading = watch.ReadAsync(cancellationToken);
            }
        }

        // Ended by the server, as it was asked to: it begins again where it was, at once.
        if (!HasStood())
        {
            if (++_short >= MostShort)
            {
                throw new InvalidDataException("its watches end at once, and say nothing: changes are seen only when all is listed anew");
            }

            await PauseAsync(null, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Followed(Action<bool> changed)
    {
        if (log.Followed(_version!))
        {
            changed(true);
        }
    }

    /// <summary>Whether there was a watch that was one: then what fails is new.</summary>
    private bool HasStood()
    {
        var hasStood = _watchedSince is { } since && timeProvider.GetElapsedTime(since) >= ShortWatch;
        (_watchedSince, _pause) = (null, hasStood ? TimeSpan.Zero : _pause);
        (_short, _failed) = hasStood ? (0, 0) : (_short, _failed);
        return hasStood;
    }

    private async Task ListAsync(EndpointSliceApi api, Action<bool> changed, CancellationToken cancellationToken)
    {
        var (slices, version) = await api.ListAsync(service.Namespace, service.Service, cancellationToken).ConfigureAwait(false);
        var wasAway = _short < MostShort && log.Followed(version);
        lock (_lock)
        {
            _slices.Clear();
            foreach (var slice in slices)
            {
                _slices[NameOf(slice)] = slice;
            }

            (_version, _isListed) = (version, true);
        }

        log.Listed(slices.Count, version);
        if (wasAway)
        {
            changed(true);
        }

        changed(false);
    }

    /// <returns>Whether a slice has changed.</returns>
    private bool Apply(WatchEvent change)
    {
        if (change.Type == "ERROR")
        {
            var status = KubernetesJsonText.ReadStatus(change.Object);
            throw new KubernetesApiException(status, System.Net.HttpStatusCode.InternalServerError);
        }

        var slice = KubernetesJsonText.ReadSlice(change.Object);
        var version = slice.Metadata?.ResourceVersion is { Length: > 0 } told ? told : throw new InvalidDataException($"an event {Destinations.SafeText.Shorten(change.Type ?? "without a type")} has no resourceVersion");
        lock (_lock)
        {
            _version = version;
            switch (change.Type)
            {
                case "ADDED" or "MODIFIED":
                    _slices[NameOf(slice)] = slice;
                    return true;
                case "DELETED":
                    return _slices.Remove(NameOf(slice));
                default:
                    // A bookmark, or what a later version of the API has besides.
                    return false;
            }
        }
    }

    private static string NameOf(EndpointSlice slice) => slice.Metadata?.Name is { Length: > 0 } name ? name : throw new InvalidDataException("an EndpointSlice has no name");

    /// <summary>Twice as long each time, and a random part of it, so that not all proxies come back at the same moment.</summary>
    private Task PauseAsync(TimeSpan? asked, CancellationToken cancellationToken)
    {
        HasStood();
        _pause = _pause == TimeSpan.Zero ? Backoff.Shortest : _pause * 2 < times.LongestPause ? _pause * 2 : times.LongestPause;
        var pause = _pause * (0.5 + (0.5 * Random.Shared.NextDouble()));
        return Task.Delay(asked is { } least && least > pause ? (least < times.LongestPause * 6 ? least : times.LongestPause * 6) : pause, timeProvider, cancellationToken);
    }
}
