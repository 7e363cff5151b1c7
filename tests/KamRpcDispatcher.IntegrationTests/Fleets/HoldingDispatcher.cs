using System.Collections.Immutable;
using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>
/// Reports what a dispatcher does after a mass expiry, with the product's own report: members by the thousand are held until a key of theirs is
/// there. A real one would need a Kamailio with as many destinations.
/// </summary>
internal sealed class HoldingDispatcher : IAsyncDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);
    private static readonly DispatcherTable Empty = new(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), new KamailioInstance("then", string.Empty), []);

    private readonly EtcdConnection _store;
    private readonly EtcdKeys _keys = new("default");
    private readonly CancellationTokenSource _stop = new();
    private readonly ProxyStatusBuilder _builder = new(new Quarantine(TimeProvider.System), static () => default, TimeProvider.System);
    private ImmutableArray<Member> _held;
    private Task _running = Task.CompletedTask;

    private HoldingDispatcher(EtcdConnection store, IEnumerable<Member> held) => (_store, _held) = (store, [.. held]);

    /// <summary>As many as a report has named at most.</summary>
    public int MostNamed { get; private set; }

    /// <summary>Returns when the first report is written.</summary>
    public static async Task<HoldingDispatcher> StartAsync(EtcdConnection store, params (int Set, int Count)[] held)
    {
        var dispatcher = new HoldingDispatcher(store, held.SelectMany(static set => Enumerable.Range(0, set.Count).Select(number => Held(set.Set, number))));
        await dispatcher.ReportAsync(1);
        dispatcher._running = dispatcher.RunAsync();
        return dispatcher;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static Member Held(int set, int number) =>
        new(new MemberKey(set, string.Create(CultureInfo.InvariantCulture, $"asterisk-{number}")), SipUri.Parse(string.Create(CultureInfo.InvariantCulture, $"sip:10.{set}.{number / 250}.{1 + (number % 250)}:5060")));

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(BetweenLooks, _stop.Token);
            var request = new RangeRequest { Key = ByteString.CopyFromUtf8(_keys.Members), RangeEnd = EtcdKeys.PrefixEnd(_keys.Members), KeysOnly = true };
            var found = await _store.Keys.RangeAsync(request, cancellationToken: _stop.Token);
            var there = found.Kvs.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal);
            if (_held.RemoveAll(member => there.Contains(_keys.Member(member.Key))) is var left && left.Length != _held.Length)
            {
                _held = left;
                await ReportAsync(found.Header.Revision);
            }
        }
    }

    private async Task ReportAsync(long revision)
    {
        var status = _builder.Build(new Membership(revision, [], []), Empty, new ChangePlan(), areShared: true, _held, null, null, ShareSituation.None);
        var report = ProxyReport.Write(status);
        MostNamed = ProxyRecord.TryRead(report, out var read, out _) ? Math.Max(MostNamed, read.Held.Length) : MostNamed;
        await _store.Keys.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(_keys.Proxy("p1")), Value = ByteString.CopyFrom(report) });
    }
}
