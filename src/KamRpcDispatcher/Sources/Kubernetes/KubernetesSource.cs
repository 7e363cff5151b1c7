using System.Threading.Channels;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>The endpoints of Kubernetes' Services as members: each Service is followed by itself, and all of them are merged at each change.</summary>
internal sealed class KubernetesSource : IMemberOrigin
{
    /// <summary>How often it is looked whether a doubt is over.</summary>
    private static readonly TimeSpan DoubtStep = TimeSpan.FromMilliseconds(250);

    /// <summary>What is told of Services and endpoints is told once, whatever they are: so many things at most.</summary>
    private const int MostTold = 200;

    private readonly Lock _lock = new();
    private readonly EndpointTable _table;
    private readonly IReadOnlyList<ServiceWatch> _watches;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sets = new(StringComparer.Ordinal);
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly Channel<bool> _doubts = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Action _changed = static () => { };
    private SavedEndpoints _saved = SavedEndpoints.None;
    private volatile bool _isWaiting;

    /// <param name="services">The Services, each with its set.</param>
    /// <param name="access">Reads how the API server is reached: each time anew, since files change.</param>
    /// <param name="times">How long what may take.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
    public KubernetesSource(
        IReadOnlyList<KubernetesService> services, Func<ClusterAccess> access, WatchTimes times, TimeProvider timeProvider, ILogger<KubernetesSource> logger, Func<OperatorIntents?>? wished = null)
    {
        (_timeProvider, _logger) = (timeProvider, logger);
        _table = new EndpointTable(timeProvider, wished);
        _watches = [.. services.Select(Watch)];

        ServiceWatch Watch(KubernetesService service)
        {
            ClusterAccess? last = null;
            return new ServiceWatch(service, () => new EndpointSliceApi(last = access(), times, timeProvider), times, timeProvider, new ServiceWatchLog(service, () => last, timeProvider, logger), logger);
        }
    }

    public Membership? Current => _table.Current;

    /// <summary>The first that is away: as a rule all are.</summary>
    public StoreOutage? Away => _watches.Select(static watch => watch.Away).FirstOrDefault(static away => away is not null) is not { } away ? null
        : _isWaiting ? away with { Reason = $"nobody of its source is followed before it has been read once: {away.Reason}" }
        : away;

    /// <summary>Of the one that was heard least lately; one that is watched is heard, since a connection that is gone shows.</summary>
    public TimeSpan? HeardAgo => _watches.Select(static watch => watch.IsWatched ? TimeSpan.Zero : watch.HeardAgo).ToList() is var ages && ages.Contains(null) ? null : ages.Max();

    public void Seed(Membership before)
    {
        _saved = new SavedEndpoints([.. _watches.Select(static watch => watch.Service)], before.Members);
        _table.Seed(before);
    }

    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        if (!_table.SeedListed(listed))
        {
            return false;
        }

        _doubts.Writer.TryWrite(true);
        _changed();
        return true;
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> following = [.. _watches.Select(watch => watch.RunAsync(Merge, life.Token)), DoubtAsync(life.Token)];
        try
        {
            await await Task.WhenAny(following).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var one in following)
            {
                await one.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Merge(bool cameBack)
    {
        bool isChanged;
        lock (_lock)
        {
            if (cameBack)
            {
                _table.CameBack();
                return;
            }

            if (Gather() is not { } merged)
            {
                return;
            }

            isChanged = _table.Replace(merged);
            Tell(merged);
        }

        if (isChanged)
        {
            _doubts.Writer.TryWrite(true);
            _changed();
        }
    }

    /// <summary>What all Services come to; null as long as that is not known.</summary>
    private MergedEndpoints? Gather()
    {
        var read = _watches.Select(static watch => (watch.Service, watch.Slices)).ToList();
        var unread = _watches.Zip(read).Where(static one => one.Second.Slices is null).Select(static one => one.First).ToList();
        if (unread.Count == _watches.Count || unread.Exists(static watch => watch.Away is null))
        {
            return null;
        }

        // Who is a Service's that was not read yet is as he was saved; where nothing was, none of them may be taken for gone.
        var standIns = new List<Member>();
        foreach (var watch in unread)
        {
            if (_saved.Of(watch.Service) is not { } saved)
            {
                TellWaiting(watch);
                return null;
            }

            standIns.AddRange(saved);
        }

        _isWaiting = false;
        var merged = EndpointMerge.Merge([.. read.Select(static one => one.Slices ?? new ServiceSlices(one.Service, []) { IsRead = false })], _sets);
        return SavedEndpoints.Join(merged, standIns, [.. unread.Select(static watch => $"kubernetes:{watch.Name}")]);
    }

    private void TellWaiting(ServiceWatch unread)
    {
        _isWaiting = true;
        if (_told.Add($"waiting for {unread.Name}"))
        {
            KubernetesLog.Waiting(_logger, string.Join(", ", _watches.Where(static watch => watch.Slices is not null).Select(static watch => watch.Name)), unread.Name);
        }
    }

    /// <summary>Ends doubts: a watch that stands and says nothing of somebody says that he is gone.</summary>
    private async Task DoubtAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _doubts.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            while (_table.IsDoubting)
            {
                await Task.Delay(DoubtStep, _timeProvider, cancellationToken).ConfigureAwait(false);
                if (_watches.All(static watch => watch.IsWatched || watch.Slices is null) && _table.Hear())
                {
                    _changed();
                }
            }
        }
    }

    private void Tell(MergedEndpoints merged)
    {
        foreach (var (service, text, isWarning) in merged.Remarks.Where(remark => IsNew($"{remark.Service} {remark.Text}")))
        {
            if (isWarning)
            {
                KubernetesLog.Warned(_logger, service, text);
            }
            else
            {
                KubernetesLog.Told(_logger, service, text);
            }
        }

        foreach (var rejected in merged.Rejected.Where(rejected => !rejected.KeepsLastGood && IsNew($"{rejected.Key} {rejected.Reason}")))
        {
            KubernetesLog.Rejected(_logger, rejected.Key, rejected.Reason);
        }

        bool IsNew(string what) => _told.Count < MostTold && _told.Add(what);
    }
}
