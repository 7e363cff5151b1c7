using System.Diagnostics;
using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What many proxies are to one real etcd: writes a second while members change, how long a change that somebody waits for takes, and 50 announcers that leave at once.</summary>
/// <remarks>The proxies are of this process, see <see cref="FollowingProxy"/>: what they say is what real ones would, without the time that Kamailio takes.</remarks>
internal static class ManyProxies
{
    private const int Members = 10_000;
    private const int MostSets = 4;
    private const int ChangesPerSecond = 50;
    private const int Leaving = 50;
    private const int Waits = 6;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BetweenWaits = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(int proxies)
    {
        await using var etcd = await EtcdServer.StartAsync();
        var endpoints = EtcdEndpoints.TryParse(etcd.Endpoint, out var parsed, out var error) ? parsed : throw new InvalidOperationException(error);
        var keys = new EtcdKeys("default");
        using var store = new EtcdConnection(endpoints, TimeProvider.System);
        for (var member = 0; member < Members; member++)
        {
            await PutAsync(store, keys, member);
        }

        using var life = new CancellationTokenSource();
        var fleet = Enumerable.Range(1, proxies).Select(number => new FollowingProxy(endpoints, keys, string.Create(CultureInfo.InvariantCulture, $"p{number:0000}"))).ToList();
        var begun = Stopwatch.GetTimestamp();
        var running = fleet.ConvertAll(proxy => proxy.RunAsync(life.Token));
        while (await CountAsync(store, keys) < proxies)
        {
            await Task.Delay(100);
        }

        Console.WriteLine($"{proxies} proxies have read {Members} members and report: {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        await ChurnAsync(store, keys, proxies);
        await LeaveAsync(endpoints, store, keys);
        await life.CancelAsync();
        await Task.WhenAll(running).ContinueWith(static _ => { }, TaskScheduler.Default);
        fleet.ForEach(static proxy => proxy.Dispose());
        return 0;
    }

    private static async Task ChurnAsync(EtcdConnection store, EtcdKeys keys, int proxies)
    {
        using var over = new CancellationTokenSource();
        var changes = 0;
        var churn = Task.Run(async () =>
        {
            using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / ChangesPerSecond));
            while (!over.IsCancellationRequested)
            {
                await pace.WaitForNextTickAsync();
                await PutAsync(store, keys, changes++ % Members, changes);
            }
        });
        await Task.Delay(BetweenWaits);
        var (revision, changed, begun) = (await RevisionAsync(store, keys), changes, Stopwatch.GetTimestamp());
        var times = new List<double>();
        for (var wait = 0; wait < Waits; wait++)
        {
            await Task.Delay(BetweenWaits);
            await using var applied = await AppliedWait.OpenAsync(store, keys, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
            var written = await PutAsync(store, keys, wait, -wait);
            var sent = Stopwatch.GetTimestamp();
            using var patience = new CancellationTokenSource(Deadline);
            AppliedState? state = null;
            try
            {
                await applied.UntilAppliedAsync(new AppliedTarget(IntentWish.Drain, written, new HashSet<MemberKey> { Key(wait) }), seen => state = seen, patience.Token);
            }
            catch (OperationCanceledException)
            {
                // Said below.
            }

            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            if (state is not { IsApplied: true } || state.Proxies.Count != proxies)
            {
                throw new InvalidOperationException($"{state!.Proxies.Count(static proxy => proxy.IsApplied)} of {proxies} have applied it; missing: {state.Proxies.FirstOrDefault(static proxy => !proxy.IsApplied)}");
            }
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var writes = (await RevisionAsync(store, keys) - revision) / seconds;
        await over.CancelAsync();
        await churn;
        times.Sort();
        Console.WriteLine($"{(changes - changed) / seconds:0} changes a second, one in {BetweenWaits.TotalSeconds:0} s waited for: {writes:0} writes a second in etcd; waited for until all have reported it: median {times[Waits / 2]:0} ms, longest {times[^1]:0} ms of {Waits}");
    }

    /// <summary>Each withdraws a member, and asks as an announcer does until every proxy has silenced it.</summary>
    private static async Task LeaveAsync(EtcdEndpoints endpoints, EtcdConnection store, EtcdKeys keys)
    {
        await Task.Delay(BetweenWaits);
        var before = await RevisionAsync(store, keys);
        var times = (await Task.WhenAll(Enumerable.Range(0, Leaving).Select(AskAsync))).Order().ToList();
        Console.WriteLine($"{Leaving} announcers leave at once: all acknowledged after {times[^1]:0} ms, median {times[Leaving / 2]:0} ms; {await RevisionAsync(store, keys) - before} writes in etcd");

        async Task<double> AskAsync(int member)
        {
            using var own = new EtcdConnection(endpoints, TimeProvider.System);
            var acknowledgements = new Acknowledgements(own, keys, TimeProvider.System);
            var deleted = await own.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(keys.Member(Key(member))) });
            var begun = Stopwatch.GetTimestamp();
            while ((await acknowledgements.ReadAsync(deleted.Header.Revision, [1], CancellationToken.None)).Missing.Count > 0)
            {
                if (Stopwatch.GetElapsedTime(begun) > Deadline)
                {
                    throw new InvalidOperationException("not acknowledged");
                }

                await Task.Delay(Announce.GracefulShutdown.AcknowledgementInterval);
            }

            return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
    }

    private static MemberKey Key(int member) => new(1 + (member % MostSets), string.Create(CultureInfo.InvariantCulture, $"m{member:00000}"));

    private static async Task<long> PutAsync(EtcdConnection store, EtcdKeys keys, int member, int weight = 0) =>
        (await store.Keys.PutAsync(new PutRequest
        {
            Key = ByteString.CopyFromUtf8(keys.Member(Key(member))),
            Value = ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $$$"""{"uri":"sip:10.{{{member / 65536}}}.{{{member / 256 % 256}}}.{{{member % 256}}}:5060","labels":{"round":"{{{weight}}}"}}""")),
        })).Header.Revision;

    private static async Task<long> CountAsync(EtcdConnection store, EtcdKeys keys) =>
        (await store.Keys.RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8(keys.Proxies), RangeEnd = EtcdKeys.PrefixEnd(keys.Proxies), CountOnly = true })).Count;

    private static async Task<long> RevisionAsync(EtcdConnection store, EtcdKeys keys) =>
        (await store.Keys.RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8(keys.Members), CountOnly = true })).Header.Revision;
}
