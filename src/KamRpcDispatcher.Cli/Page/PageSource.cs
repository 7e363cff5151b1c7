using Grpc.Core;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Telemetry;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>The dispatcher of this machine, whose own knowledge is newer than its report in etcd.</summary>
/// <param name="Proxy">Its name.</param>
/// <param name="Status">What it knows now; null before it runs.</param>
/// <param name="Live">What goes on in it; null before it runs.</param>
internal sealed record PageLocal(Func<string> Proxy, Func<StatusAnswer?> Status, Func<LiveView?> Live);

/// <summary>Reads for the page, as long as somebody looks at it: etcd as <c>kamrpc status</c> reads it, and beside it what the dispatcher of this machine knows, which waits for no etcd.</summary>
internal sealed class PageSource(string cluster, IPageStore store, PageLocal? local, TimeProvider timeProvider)
{
    /// <summary>How often etcd is asked whether something has changed.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>A large cluster is not read all the time: between two readings there is a pause of so many times as long as one takes.</summary>
    private const int PauseFactor = 4;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly ReportAges _ages = new(timeProvider);
    private readonly LatencySample _latencies = new();
    private Task<PageReading>? _reading;
    private PageReading? _last;
    private long _begun;
    private TimeSpan _pause;
    private PageEtcd _etcd = new(null, null, null, null);
    private string? _refused;
    private long _ownReadings;

    /// <summary>Nobody has looked for a while: what was seen standing still since says nothing, and what was read then is not what is, whether etcd can be read now or not.</summary>
    public void Forget()
    {
        _ages.Forget();
        (_reading, _begun, _last, _etcd, _refused) = (null, 0, null, new PageEtcd(null, null, null, null), null);
    }

    /// <summary>Takes what has been read, and begins to read again where that is due. Never waits.</summary>
    /// <param name="read">Told when something has been read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public void Advance(Action read, CancellationToken cancellationToken)
    {
        if (_reading is { IsCompleted: true } done)
        {
            _reading = null;
            _pause = Max(PollInterval, Min(LongestPause, PauseFactor * timeProvider.GetElapsedTime(_begun)));
            Take(done);
        }

        if (_reading is null && (_begun == 0 || timeProvider.GetElapsedTime(_begun) >= _pause || IsBehindOwn()))
        {
            _begun = timeProvider.GetTimestamp();
            _reading = store.ReadAsync(_last, cancellationToken);
            _ = _reading.ContinueWith(
                done =>
                {
                    // Nobody else may look at how it ended.
                    _ = done.Exception;
                    read();
                },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>What the page shows now.</summary>
    public PageState Build()
    {
        var (now, cycle) = (timeProvider.GetUtcNow(), local?.Live()?.Cycle);
        var view = WithOwn(_last?.View ?? new ClusterView(cycle?.Revision ?? 0, cycle?.Revision ?? 0, [.. OwnMembers(cycle)], [], []), cycle);
        _ages.Observe(view);
        var calls = new ClusterCalls(StatusOptions.Default.Filter(view), _ages, now);
        if (cycle is not null)
        {
            _latencies.Take(cycle.Destinations, now);
        }

        var plots = (local?.Live()?.Calls.Read() ?? []).ToDictionary(static member => member.Member, static member => member.Calls);
        return new PageBuilder(cluster, local?.Proxy(), calls).Build(
            _last is not null || cycle is not null, _etcd, StatusOptions.Default.Findings(calls), new PageMembers(calls, cycle, _latencies, plots), _last?.Operations ?? PageOperations.None with { NotReadable = _refused });
    }

    private void Take(Task<PageReading> done)
    {
        var now = timeProvider.GetUtcNow();
        if (done.IsCompletedSuccessfully)
        {
            if (_etcd.Answers != true)
            {
                // That reports stood still while etcd was away says nothing of their proxies.
                _ages.Forget();
            }

            (_last, _etcd, _refused) = (done.Result, new PageEtcd(true, null, null, now), null);
        }
        else if (done.Exception?.InnerException is EtcdUnreachableException { InnerException: RpcException { StatusCode: StatusCode.PermissionDenied } } && local is not null)
        {
            // A dispatcher's role need not have the right: what it goes by itself is shown nevertheless.
            (_last, _etcd, _refused) = (null, new PageEtcd(true, null, null, now), store.WhyRefused);
        }
        else if (done.Exception?.InnerException is { } failure)
        {
            var reason = SafeText.Shorten(failure is EtcdUnreachableException ? failure.Message : "unexpected: " + failure.Message, longest: 300);
            _etcd = new PageEtcd(false, _etcd.Answers == false ? _etcd.Since : now, reason, _etcd.ReadAt);
        }
    }

    /// <summary>The dispatcher has followed what was not read here yet.</summary>
    private bool IsBehindOwn() => _last is { } last && _etcd.Answers == true && local?.Live()?.Cycle is { IsFromSnapshot: false } cycle && cycle.Revision > last.View.Revision;

    /// <summary>The dispatcher's own members: shown while etcd has not been read, or may not be, and of sets that do not come from there.</summary>
    private static IEnumerable<AnnouncedMember> OwnMembers(ObservedCycle? cycle) =>
        (cycle?.Members ?? []).Where(static member => !ClassSets.Has(member.Key.Set)).Select(member => AnnouncedMember.Told(member, cycle!.Drained.GetValueOrDefault(member.Key)));

    /// <summary>With the dispatcher's own report as of now, and the members that it takes from elsewhere than etcd: of those etcd knows nothing.</summary>
    private ClusterView WithOwn(ClusterView view, ObservedCycle? cycle)
    {
        if (local?.Status() is not { Report: { } report } answer)
        {
            return view;
        }

        // Another one at each look, as a report that was just written is.
        var own = new ReportingProxy(answer.Proxy, report with { Sources = [], MoreSources = 0 }, null) { ModRevision = -++_ownReadings };
        return view with
        {
            Members = !report.HasSources || cycle is null ? view.Members
                : [.. view.Members.Where(announced => report.ElsewhereOf(announced.Member.Key.Set) is null), .. OwnMembers(cycle).Where(announced => report.ElsewhereOf(announced.Member.Key.Set) is not null)],
            Sources = [.. report.Sources.Select(MemberSource.Of)],
            Proxies = [.. view.Proxies.Where(proxy => proxy.Name != answer.Proxy).Append(own).OrderBy(static proxy => proxy.Name, StringComparer.Ordinal)],
        };
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
