using System.Diagnostics;
using Google.Protobuf;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Testing;
using Mvccpb;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>What there is to compare with: a Kamailio of its own, changed by nothing but RPC calls, which nobody checks, spaces or reads back.</summary>
internal sealed class BareClient : IAsyncDisposable
{
    private readonly KamailioServer _kamailio;
    private readonly RpcClient _client;
    private readonly KamailioVersion _version;

    private BareClient(KamailioServer kamailio, RpcClient client, KamailioVersion version) => (_kamailio, _client, _version) = (kamailio, client, version);

    public int Pid => _kamailio.Pid;

    public static async Task<BareClient> StartAsync()
    {
        var kamailio = await KamailioServer.StartAsync(ScaledFleet.Roomy);
        var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        return new BareClient(kamailio, client, await client.GetVersionAsync(CancellationToken.None));
    }

    /// <summary>Adds as many as there are to be, in a loop.</summary>
    public async Task<TimeSpan> FillAsync(int count)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var number = 0; number < count; number++)
        {
            await AddAsync(number);
        }

        return Stopwatch.GetElapsedTime(begun);
    }

    public async Task<Samples> AddMoreAsync(IEnumerable<int> numbers)
    {
        var samples = new Samples();
        foreach (var number in numbers)
        {
            var begun = Stopwatch.GetTimestamp();
            await AddAsync(number);
            samples.Add(Stopwatch.GetElapsedTime(begun));
        }

        return samples;
    }

    /// <summary>Adds whom it sees appear in etcd, and disables whom it sees go, as soon as it sees it, and tells the moment of Kamailio's answer.</summary>
    public async Task FollowAsync(EtcdConnection store, EtcdKeys keys, Action following, Action<string, bool, long> done, CancellationToken cancellationToken)
    {
        var (key, end) = (ByteString.CopyFromUtf8(keys.Members), ByteString.CopyFromUtf8(keys.Members[..^1] + "0"));
        await using var stream = await WatchStream.OpenAsync(store, key, end, 0, TimeProvider.System, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            var response = await stream.ReadAsync(isUrgent: false, cancellationToken);
            if (response.Created)
            {
                following();
            }

            foreach (var change in response.Events)
            {
                var name = change.Kv.Key.ToStringUtf8().Split('/')[^1];
                var isThere = change.Type == Event.Types.EventType.Put;
                var number = int.Parse(name.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
                await (isThere ? AddAsync(number) : _client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: false, Crowd.Set(number), Crowd.Uri(number), cancellationToken));
                done(name, isThere, Stopwatch.GetTimestamp());
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _kamailio.DisposeAsync();
    }

    private Task AddAsync(int number)
    {
        // As the dispatcher adds it: distinct priorities are what makes long sets quick.
        var name = Crowd.Name(number);
        return _client.AddDestinationAsync(_version, Crowd.Set(number), Crowd.Uri(number), 8, Spread(number), $"duid={name};kamrpc=default", CancellationToken.None);
    }

    /// <summary>Distinct, and in no order.</summary>
    private static int Spread(int number) => 1 + (int)(number * 2654435761L % 16_777_213);
}
