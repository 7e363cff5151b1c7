using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>
/// By every transport: one who takes connections and never answers, one who answers byte by byte, one who never reads. Each call ends by its
/// time-out or its token, and disposing ends.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class HungPeerTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    /// <summary>What nothing here may take on the slowest machine: without a bound it is for ever.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly string[] Transports = ["jsonrpc+unix", "jsonrpc+udp", "jsonrpc+fifo", "jsonrpc+tcp", "http", "binrpc+unix", "binrpc+unixd", "binrpc+tcp", "binrpc+udp"];

    private static readonly string[] Streams = ["jsonrpc+fifo", "jsonrpc+tcp", "http", "binrpc+unix", "binrpc+tcp"];

    private readonly TemporaryFolder _folder = new();
    private readonly List<IDisposable> _open = [];

    public HungPeerTests() => Directory.CreateDirectory(_folder.File("replies"));

    public void Dispose()
    {
        foreach (var open in Enumerable.Reverse(_open))
        {
            open.Dispose();
        }

        _folder.Dispose();
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Who_never_answers_is_a_timeout(string transport)
    {
        var client = Client(Listen(transport), Short);

        await Assert.ThatAsync(() => client.InvokeAsync("m", [], CancellationToken.None).WaitAsync(Deadline), Throws.InstanceOf<KamailioTimeoutException>());
        await client.DisposeAsync().AsTask().WaitAsync(Deadline);
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Who_never_answers_can_be_left_by_the_token(string transport)
    {
        var client = Client(Listen(transport), Deadline * 10);
        using var cancellation = new CancellationTokenSource(Short);

        await Assert.ThatAsync(() => client.InvokeAsync("m", [], cancellation.Token).WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        await client.DisposeAsync().AsTask().WaitAsync(Deadline);
    }

    [TestCaseSource(nameof(Transports))]
    public async Task A_client_is_disposed_while_a_call_waits(string transport)
    {
        var client = Client(Listen(transport), Deadline * 10);
        var call = client.InvokeAsync("m", [], CancellationToken.None);
        await Task.Delay(Short);

        await client.DisposeAsync().AsTask().WaitAsync(Deadline);

        await Assert.ThatAsync(() => call.WaitAsync(Deadline), Throws.InstanceOf<KamailioRpcException>().Or.InstanceOf<ObjectDisposedException>());
    }

    /// <summary>Requests until whatever takes them is full: then one who does not read must not keep the writer.</summary>
    [TestCaseSource(nameof(Transports))]
    public async Task Who_never_reads_is_no_wait_without_end(string transport)
    {
        var client = Client(Listen(transport), TimeSpan.FromMilliseconds(50));
        var (length, calls) = transport switch
        {
            "jsonrpc+fifo" => (3_900, 20),
            "binrpc+unix" => (4_000_000, 3),
            "jsonrpc+tcp" or "binrpc+tcp" or "http" => (32_000_000, 3),
            _ => (60_000, 20),
        };
        var large = new string('x', length);
        var begun = Stopwatch.GetTimestamp();

        for (var call = 0; call < calls; call++)
        {
            await Assert.ThatAsync(() => client.InvokeAsync("m", [large], CancellationToken.None).WaitAsync(Deadline), Throws.InstanceOf<KamailioTimeoutException>().Or.InstanceOf<KamailioUnreachableException>());
        }

        await client.DisposeAsync().AsTask().WaitAsync(Deadline);
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline));
    }

    [TestCaseSource(nameof(Streams))]
    public async Task Who_answers_byte_by_byte_without_end_is_a_timeout(string transport)
    {
        var client = Client(Listen(transport, isDribbling: true), TimeSpan.FromSeconds(1));

        await Assert.ThatAsync(() => client.InvokeAsync("m", [], CancellationToken.None).WaitAsync(Deadline), Throws.InstanceOf<KamailioTimeoutException>());
        await client.DisposeAsync().AsTask().WaitAsync(Deadline);
    }

    /// <summary>A queue of connections that nobody takes, and that is full.</summary>
    [TestCase("jsonrpc+tcp")]
    [TestCase("binrpc+tcp")]
    [TestCase("binrpc+unix")]
    [TestCase("http")]
    public async Task Who_takes_no_connection_is_no_wait_without_end(string transport)
    {
        var (address, endPoint) = Place(transport);
        var listening = Keep(new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified));
        listening.Bind(endPoint);
        listening.Listen(0);
        for (var filler = 0; filler < 4; filler++)
        {
            var connection = Keep(new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified));
            connection.Blocking = false;
            try
            {
                connection.Connect(listening.LocalEndPoint!);
            }
            catch (SocketException)
            {
                // On its way, or in the full queue.
            }
        }

        var client = Client(address(listening.LocalEndPoint!), Short);
        await Assert.ThatAsync(() => client.InvokeAsync("m", [], CancellationToken.None).WaitAsync(Deadline), Throws.InstanceOf<KamailioUnreachableException>().Or.InstanceOf<KamailioTimeoutException>());
        await client.DisposeAsync().AsTask().WaitAsync(Deadline);
    }

    [Test]
    public async Task No_more_calls_wait_for_their_turn_than_may()
    {
        var client = Client(Listen("jsonrpc+unix"), Deadline * 10, static options => options with { MaxWaitingCalls = 2 });
        using var cancellation = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 3).Select(_ => client.InvokeAsync("m", [], cancellation.Token)).ToList();

        var full = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(full!.Message, Does.Contain("2 calls wait for their turn"));

        await cancellation.CancelAsync();
        foreach (var call in calls)
        {
            await Assert.ThatAsync(() => call.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        }
    }

    private RpcClient Client(string address, TimeSpan timeout, Func<RpcClientOptions, RpcClientOptions>? with = null)
    {
        var options = new RpcClientOptions { Timeout = timeout, ReplyDirectory = _folder.File("replies"), FifoReplyDirectory = _folder.File("replies") };
        return new RpcClient(KamailioAddress.Parse(address), with?.Invoke(options) ?? options);
    }

    private T Keep<T>(T open)
        where T : IDisposable
    {
        _open.Add(open);
        return open;
    }

    private (Func<EndPoint, string> Address, EndPoint EndPoint) Place(string transport) => transport switch
    {
        "binrpc+unix" or "binrpc+unixd" or "jsonrpc+unix" => (_ => $"{transport}:{_folder.File("there")}", new UnixDomainSocketEndPoint(_folder.File("there"))),
        "http" => (static at => $"http://127.0.0.1:{((IPEndPoint)at).Port}/RPC", new IPEndPoint(IPAddress.Loopback, 0)),
        _ => (at => $"{transport}://127.0.0.1:{((IPEndPoint)at).Port}", new IPEndPoint(IPAddress.Loopback, 0)),
    };

    /// <summary>Somebody who is there, and does no more than the test says.</summary>
    private string Listen(string transport, bool isDribbling = false)
    {
        if (transport == "jsonrpc+fifo")
        {
            return ListenFifo(isDribbling);
        }

        var (address, endPoint) = Place(transport);
        var isStream = transport is "jsonrpc+tcp" or "http" or "binrpc+unix" or "binrpc+tcp";
        var listening = Keep(new Socket(endPoint.AddressFamily, isStream ? SocketType.Stream : SocketType.Dgram, ProtocolType.Unspecified));
        listening.Bind(endPoint);
        if (isStream)
        {
            listening.Listen();
        }

        if (isDribbling)
        {
            _ = DribbleAsync(listening, transport);
        }

        return address(listening.LocalEndPoint!);
    }

    private string ListenFifo(bool isDribbling)
    {
        var path = _folder.File("there");
        MakeFifo(path);
        var requests = Keep(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0));
        if (isDribbling)
        {
            _ = Task.Run(async () =>
            {
                var length = await requests.ReadAsync(new byte[8192]);
                Assert.That(length, Is.Positive);
                await using var reply = new FileStream(Directory.GetFiles(_folder.File("replies")).Single(), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                await DribbleAsync(one => { reply.Write(one); return ValueTask.CompletedTask; }, "{\"a\":\"");
            });
        }

        return "jsonrpc+fifo:" + path;
    }

    private async Task DribbleAsync(Socket listening, string transport)
    {
        var connection = Keep(await listening.AcceptAsync());
        var start = transport switch
        {
            "http" => "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{\"a\":\"",
            "jsonrpc+tcp" => "{\"a\":\"",
            _ => "\u00a1\u001c\0\u0001\0\0\0",
        };
        await DribbleAsync(async one => await connection.SendAsync(one.ToArray()), start);
    }

    private static async Task DribbleAsync(Func<byte[], ValueTask> write, string start)
    {
        try
        {
            await write(Encoding.Latin1.GetBytes(start));
            for (var i = 0; i < 1000; i++)
            {
                await write([(byte)'x']);
                await Task.Delay(10);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // The client has gone, as it should.
        }
    }

    private static void MakeFifo(string path) => Assert.That(MakeFifo(path, 0x180), Is.Zero);

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakeFifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
