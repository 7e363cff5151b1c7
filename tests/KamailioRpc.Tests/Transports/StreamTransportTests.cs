using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>Streams: messages in pieces, several at once, and ends in the middle.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StreamTransportTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(1000)]
    public async Task JSON_over_TCP_may_come_in_pieces_and_each_call_has_a_connection_of_its_own(int piece)
    {
        await using var server = new ScriptedServer(async stream => await WriteAsync(stream, Result(await ReadJsonAsync(stream), """{"a":["é","}"]}"""), piece));
        await using var client = Client($"jsonrpc+tcp://127.0.0.1:{server.Port}");

        for (var call = 0; call < 3; call++)
        {
            Assert.That((await client.InvokeAsync("m", [], CancellationToken.None)).ToString(), Is.EqualTo("""{"a":["é","}"]}"""));
        }

        Assert.That(server.Connections, Is.EqualTo(3), "jsonrpcs serves one connection at a time, so none may be held open");
    }

    [TestCase("")]
    [TestCase("\r\n")]
    public async Task A_connection_that_is_closed_without_a_reply_is_Kamailio_gone(string last)
    {
        await using var server = new ScriptedServer(async stream =>
        {
            await ReadJsonAsync(stream);
            await WriteAsync(stream, Encoding.UTF8.GetBytes(last), 100);
        });
        await using var client = Client($"jsonrpc+tcp://127.0.0.1:{server.Port}");

        var gone = await Assert.ThrowsAsync<KamailioGoneException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(gone!.IsTransient);
    }

    [TestCase("""{"jsonrpc":"2.0","res""")]
    [TestCase("rubbish")]
    [TestCase("<html></html>")]
    public async Task What_ends_in_the_middle_or_is_no_reply_is_malformed(string reply)
    {
        await using var server = new ScriptedServer(async stream =>
        {
            await ReadJsonAsync(stream);
            await WriteAsync(stream, Encoding.UTF8.GetBytes(reply), 100);
        });
        await using var client = Client($"jsonrpc+tcp://127.0.0.1:{server.Port}");

        await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => client.InvokeAsync("m", [], CancellationToken.None));
    }

    [Test]
    public async Task A_connection_that_is_reset_is_Kamailio_gone()
    {
        await using var server = new ScriptedServer(async stream =>
        {
            await ReadJsonAsync(stream);
            stream.Socket.LingerState = new LingerOption(true, 0);
            stream.Socket.Close();
        });
        await using var client = Client($"jsonrpc+tcp://127.0.0.1:{server.Port}");

        await Assert.ThrowsAsync<KamailioGoneException>(() => client.InvokeAsync("m", [], CancellationToken.None));
    }

    [TestCase(true, 1)]
    [TestCase(true, 5)]
    [TestCase(false, 3)]
    public async Task BINRPC_may_come_in_pieces_over_one_connection(bool isTcp, int piece)
    {
        await using var server = Ctl(isTcp, async (stream, cookie, call) => await WriteAsync(stream, Reply(cookie, (byte)call), piece));
        await using var client = Client(Address(isTcp, server));

        for (var call = 1; call <= 3; call++)
        {
            Assert.That((await client.InvokeAsync("m", ["some argument"], CancellationToken.None)).ToString(), Is.EqualTo($"{call}"));
        }

        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task A_reply_to_nobody_before_the_right_one_is_passed_over()
    {
        await using var server = Ctl(isTcp: false, async (stream, cookie, call) => await WriteAsync(stream, [.. Reply(cookie + 1000, 99), .. Reply(cookie, (byte)call)], 1000));
        await using var client = Client(Address(isTcp: false, server));

        Assert.That((await client.InvokeAsync("m", [], CancellationToken.None)).ToString(), Is.EqualTo("1"));
        Assert.That((await client.InvokeAsync("m", [], CancellationToken.None)).ToString(), Is.EqualTo("2"));
    }

    [Test]
    public async Task A_reply_that_comes_after_its_call_was_given_up_is_never_the_next_ones()
    {
        using var isGivenUp = new SemaphoreSlim(0);
        await using var server = Ctl(isTcp: true, async (stream, cookie, call) =>
        {
            if (call == 1)
            {
                await isGivenUp.WaitAsync();
            }

            await WriteAsync(stream, Reply(cookie, (byte)call), 100);
        });
        await using var client = Client(Address(isTcp: true, server), TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        isGivenUp.Release();

        Assert.That((await client.InvokeAsync("m", [], CancellationToken.None)).ToString(), Is.EqualTo("2"));
        Assert.That(server.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task A_connection_that_was_closed_while_idle_is_opened_anew()
    {
        await using var server = Ctl(isTcp: false, async (stream, cookie, call) =>
        {
            await WriteAsync(stream, Reply(cookie, (byte)call), 100);
            stream.Close();
        });
        await using var client = Client(Address(isTcp: false, server));

        // Where a request had gone out before the end of the connection was seen, it is not known whether it was carried out, and it is not sent again.
        var answered = 0;
        for (var call = 0; call < 20; call++)
        {
            try
            {
                await client.InvokeAsync("m", [], CancellationToken.None);
                answered++;
            }
            catch (KamailioGoneException)
            {
                await Task.Yield();
            }
        }

        Assert.That(answered, Is.GreaterThanOrEqualTo(10));
    }

    [Test]
    public async Task A_length_beyond_any_is_malformed_before_its_bytes_are_waited_for()
    {
        await using var server = Ctl(isTcp: true, static async (stream, _, _) => await WriteAsync(stream, HexBytes.Of("a11cffffffff01"), 100));
        await using var client = Client(Address(isTcp: true, server), TimeSpan.FromMinutes(1));

        var malformed = await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => client.InvokeAsync("m", [], CancellationToken.None).WaitAsync(Timeout));
        Assert.That(malformed!.Message, Does.Contain("announces 4294967302 bytes"));
    }

    [Test]
    public async Task Nobody_at_a_port_is_unreachable()
    {
        var port = RealServers.FreePort();
        foreach (var address in new[] { $"jsonrpc+tcp://127.0.0.1:{port}", $"binrpc+tcp://127.0.0.1:{port}", $"binrpc+unix:{_folder.File("nobody")}", "jsonrpc+tcp://name.invalid:1" })
        {
            await using var client = Client(address);
            var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None), address);
            Assert.That(unreachable!.Message, Does.StartWith($"Kamailio does not listen on {address}: "));
        }
    }

    [Test]
    public async Task Calls_at_once_have_connections_of_their_own_up_to_the_number_allowed()
    {
        using var areIn = new CountdownEvent(3);
        await using var server = Ctl(isTcp: true, async (stream, cookie, call) =>
        {
            areIn.Signal();
            await Task.Run(() => areIn.Wait(Timeout));
            await WriteAsync(stream, Reply(cookie, (byte)call), 100);
        });
        await using var client = new RpcClient(Address(isTcp: true, server), new RpcClientOptions { MaxConcurrentCalls = 3, Timeout = Timeout });

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => client.InvokeAsync("m", [], CancellationToken.None)));

        Assert.That(server.Connections, Is.EqualTo(3));
    }

    private static RpcClient Client(string address, TimeSpan? timeout = null) => Client(KamailioAddress.Parse(address), timeout);

    private static RpcClient Client(KamailioAddress address, TimeSpan? timeout = null) => new(address, new RpcClientOptions { Timeout = timeout ?? Timeout });

    private KamailioAddress Address(bool isTcp, ScriptedServer server) =>
        KamailioAddress.Parse(isTcp ? $"binrpc+tcp://127.0.0.1:{server.Port}" : $"binrpc+unix:{_folder.File("ctl")}");

    /// <summary>Reads requests as the ctl module does, and hands each to <paramref name="answer"/> with its cookie and its number.</summary>
    private ScriptedServer Ctl(bool isTcp, Func<NetworkStream, uint, int, Task> answer)
    {
        var calls = 0;
        return isTcp ? new ScriptedServer(HandleAsync) : new ScriptedServer(new UnixDomainSocketEndPoint(_folder.File("ctl")), HandleAsync);

        async Task HandleAsync(NetworkStream stream)
        {
            var header = new byte[7];
            while (stream.CanRead && await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false) == header.Length)
            {
                // A short body and a long cookie: all the requests here have one byte of length and four of cookie.
                Assert.That((header[0], header[1]), Is.EqualTo(((byte)0xa1, (byte)0x03)));
                await stream.ReadExactlyAsync(new byte[header[2]]);
                await answer(stream, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(3)), Interlocked.Increment(ref calls));
            }
        }
    }

    /// <summary>One small integer.</summary>
    private static byte[] Reply(uint cookie, byte value) =>
        [0xa1, 0x13, 2, (byte)(cookie >> 24), (byte)(cookie >> 16), (byte)(cookie >> 8), (byte)cookie, 0x10, value];

    private static byte[] Result(JsonElement request, string result) =>
        Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","result":{{result}},"id":{{request.GetProperty("id")}}}""");

    private static async Task<JsonElement> ReadJsonAsync(NetworkStream stream)
    {
        var buffer = new byte[65536];
        return JsonElement.Parse(buffer.AsSpan(0, await stream.ReadAsync(buffer)));
    }

    private static async Task WriteAsync(NetworkStream stream, byte[] bytes, int piece)
    {
        if (stream.Socket.AddressFamily == AddressFamily.InterNetwork)
        {
            stream.Socket.NoDelay = true;
        }

        for (var position = 0; position < bytes.Length; position += piece)
        {
            await stream.WriteAsync(bytes.AsMemory(position, Math.Min(piece, bytes.Length - position)));
            await Task.Yield();
        }
    }
}
