using System.Collections.Concurrent;
using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>etcd, a Kamailio, and the dispatcher beside it as a program, whose log tells when it has made a change.</summary>
internal sealed class ScaledFleet : IAsyncDisposable
{
    /// <summary>In one transaction, of which etcd takes 128 operations by default.</summary>
    private const int Together = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TemporaryFolder _folder = new();
    private readonly string _program;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _awaited = [];
    private ServerProcess? _dispatcher;

    private ScaledFleet(string program, EtcdServer etcd, KamailioServer kamailio)
    {
        (_program, Etcd, Kamailio) = (program, etcd, kamailio);
        Store = new EtcdConnection(
            EtcdEndpoints.TryParse(etcd.Endpoint, out var endpoints, out var error) ? endpoints : throw new InvalidOperationException(error), TimeProvider.System);
    }

    /// <summary>Room for a hundred thousand; it pings nobody.</summary>
    public static KamailioOptions Roomy { get; } = KamailioOptions.WithLatePings with { SharedMemoryMegabytes = 1024, PrivateMemoryMegabytes = 256 };

    public EtcdServer Etcd { get; }

    public EtcdConnection Store { get; }

    public EtcdKeys Keys { get; } = new("default");

    public KamailioServer Kamailio { get; }

    public ServerProcess Dispatcher => _dispatcher ?? throw new InvalidOperationException("Not started.");

    public static async Task<ScaledFleet> StartAsync(string program, KamailioOptions? kamailio = null) =>
        new(program, await EtcdServer.StartAsync(), await KamailioServer.StartAsync(kamailio ?? Roomy));

    /// <summary>Writes members' records, many at a time.</summary>
    public async Task PutAllAsync(int count)
    {
        foreach (var chunk in Enumerable.Range(0, count).Chunk(Together))
        {
            var transaction = new TxnRequest();
            transaction.Success.AddRange(chunk.Select(number => new RequestOp { RequestPut = Record(number) }));
            await Store.Keys.TxnAsync(transaction);
        }
    }

    /// <summary>Writes one; answers the moment of etcd's answer.</summary>
    public async Task<long> PutAsync(int number)
    {
        await Store.Keys.PutAsync(Record(number));
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Deletes one; answers the moment of etcd's answer.</summary>
    public async Task<long> DeleteAsync(int number)
    {
        await Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = Record(number).Key });
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Starts the dispatcher, and waits until it is in step.</summary>
    /// <param name="options">Further ones of it.</param>
    public async Task<TimeSpan> FillAsync(params string[] options)
    {
        var begun = Stopwatch.GetTimestamp();
        _dispatcher = ServerProcess.Start(
            _program,
            ["dispatch", "--etcd", Etcd.Endpoint, "--kamailio", Kamailio.RpcAddress, "--proxy", "p1", "--reply-dir", _folder.File("r"), "--state-dir", _folder.File("state"), "--metrics", "none", "--removal-delay", "1h", .. options],
            onLine: Told);
        await _dispatcher.WaitForLineAsync("In step with revision", Patience);
        return Stopwatch.GetElapsedTime(begun);
    }

    /// <summary>The moment when the dispatcher will tell that it has changed a member's destination.</summary>
    /// <param name="what">Added, enabled or disabled.</param>
    /// <param name="number">The member.</param>
    public async Task<long> WhenAsync(string what, int number) =>
        await _awaited.GetOrAdd(Line(what, number), static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(Patience);

    /// <summary>From etcd's answer until the dispatcher has made a change, a time after time.</summary>
    public async Task<Samples> MeasureAsync(string what, IEnumerable<int> numbers, Func<int, Task<long>> write, Func<TimeSpan> pause)
    {
        var samples = new Samples();
        foreach (var number in numbers)
        {
            _awaited.TryRemove(Line(what, number), out _);
            var done = WhenAsync(what, number);
            var written = await write(number);
            samples.Add(Stopwatch.GetElapsedTime(written, await done));
            await Task.Delay(pause());
        }

        return samples;
    }

    public async ValueTask DisposeAsync()
    {
        await (_dispatcher?.DisposeAsync() ?? default);
        Store.Dispose();
        await Kamailio.DisposeAsync();
        await Etcd.DisposeAsync();
        _folder.Dispose();
    }

    private static string Line(string what, int number) => $"Set {Crowd.Set(number)}: {what} {Crowd.Uri(number)}";

    private PutRequest Record(int number) => new()
    {
        Key = ByteString.CopyFromUtf8($"{Keys.Members}{Crowd.Set(number)}/{Crowd.Name(number)}"),
        Value = ByteString.CopyFromUtf8($$"""{"uri":"{{Crowd.Uri(number)}}"}"""),
    };

    private void Told(string line)
    {
        var now = Stopwatch.GetTimestamp();
        if (line.IndexOf("Set ", StringComparison.Ordinal) is var start and >= 0)
        {
            var text = string.Join(' ', line[start..].Split(' ').Take(4));
            if (_awaited.TryGetValue(text, out var awaited))
            {
                awaited.TrySetResult(now);
            }
        }
    }
}
