using System.Net;
using System.Net.Sockets;
using System.Text;
using KamailioRpc.Errors;
using KamailioRpc.Tests.Transports;
using NUnit.Framework;

namespace KamailioRpc.Tests;

/// <summary>Who answers where RPC does not: said in place of a time-out, and asked no more once Kamailio has answered.</summary>
public sealed class KamailioStrangerTests
{
    private const string Version = """{"jsonrpc":"2.0","result":"kamailio 5.8.0 (x86_64/linux)","id":ID}""";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [TestCase("http://{}/RPC", "a SIP server answers there, by its own protocol: it is a port for calls, and RPC has one of its own, or goes over this one where xhttp is loaded")]
    [TestCase("https://{}/RPC", "a SIP server answers there")]
    [TestCase("jsonrpc+tcp://{}", "a SIP server answers there, by its own protocol: it is a port for calls, and RPC has one of its own; Kamailio's own socket is jsonrpc+unix:")]
    [TestCase("binrpc+tcp://{}", "a SIP server answers there")]
    public async Task A_SIP_server_that_says_nothing_to_others_is_named(string address, string text)
    {
        // As Kamailio does it: what is no SIP is waited for to the end.
        await using var server = Serve(static request => request.StartsWith("OPTIONS sip:", StringComparison.Ordinal) ? "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" : null);

        var failure = await FailAsync(address, server.Port);

        Assert.That(failure, Is.InstanceOf<KamailioUnreachableException>());
        Assert.That(failure.Message, Does.StartWith($"Kamailio does not listen on {address.Replace("{}", $"127.0.0.1:{server.Port}", StringComparison.Ordinal)}: {text}"));
    }

    /// <summary>Kamailio 5.6 with OpenSSL 3 dies of two handshakes at one moment, and whatever comes to its port for TLS begins one.</summary>
    [Test]
    public async Task Whoever_is_there_is_asked_one_question_after_another()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var over = new CancellationTokenSource();
        var (open, most, all) = (0, 0, 0);
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                _ = HoldAsync(await listener.AcceptSocketAsync(over.Token));
            }
        });

        await FailAsync("jsonrpc+tcp://{}", ((IPEndPoint)listener.LocalEndpoint).Port);
        await over.CancelAsync();
        await serving.ContinueWith(static _ => { }, TaskScheduler.Default);

        Assert.That(all, Is.GreaterThanOrEqualTo(4));
        Assert.That(most, Is.LessThanOrEqualTo(2), "that of the call itself, and one");

        async Task HoldAsync(Socket socket)
        {
            using var held = socket;
            lock (listener)
            {
                (open, all) = (open + 1, all + 1);
                most = Math.Max(most, open);
            }

            try
            {
                while (await held.ReceiveAsync(new byte[4096].AsMemory(), over.Token) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // It is gone too.
            }

            lock (listener)
            {
                open--;
            }
        }
    }

    [TestCase("jsonrpc+udp://{}")]
    [TestCase("binrpc+udp://{}")]
    public async Task A_SIP_server_is_named_over_UDP_too(string address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var over = new CancellationTokenSource();
        var serving = Task.Run(async () =>
        {
            var buffer = new byte[4096];
            while (true)
            {
                var came = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), over.Token);
                if (buffer.AsSpan(0, came.ReceivedBytes).StartsWith("OPTIONS sip:"u8))
                {
                    await socket.SendToAsync("SIP/2.0 404 Not Here\r\n\r\n"u8.ToArray(), came.RemoteEndPoint, over.Token);
                }
            }
        });

        var failure = await FailAsync(address, ((IPEndPoint)socket.LocalEndPoint!).Port);
        await over.CancelAsync();
        await serving.ContinueWith(static _ => { }, TaskScheduler.Default);

        Assert.That(failure.Message, Does.Contain("a SIP server answers there"));
    }

    [TestCase("binrpc+tcp://{}")]
    [TestCase("http://{}/RPC")]
    public async Task RPC_in_another_form_is_named_with_the_address_to_write(string address)
    {
        await using var server = Serve(static request => request.StartsWith('{') ? Version.Replace("ID", request.Split("\"id\":")[1].Split(',', '}')[0], StringComparison.Ordinal) : "{}");

        Assert.That((await FailAsync(address, server.Port)).Message, Does.EndWith($": RPC is there, in another form: write jsonrpc+tcp://127.0.0.1:{server.Port}"));
    }

    [Test]
    public async Task A_web_server_is_named_to_who_speaks_JSON()
    {
        await using var server = Serve(static _ => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

        Assert.That((await FailAsync("jsonrpc+tcp://{}", server.Port)).Message, Does.Contain($"a web server answers there: try http://127.0.0.1:{server.Port}/RPC"));
    }

    [Test]
    public async Task Of_who_takes_the_connection_and_says_nothing_that_is_said()
    {
        await using var server = Serve(static _ => null);

        Assert.That((await FailAsync("https://{}/RPC", server.Port)).Message, Does.StartWith("core.version: no reply from Kamailio within 300ms; a connection is taken there, and nobody speaks TLS: Kamailio hangs, or it is a port for something else"));
        Assert.That((await FailAsync("jsonrpc+tcp://{}", server.Port)).Message, Does.Contain("and nobody speaks JSON-RPC"));
    }

    [Test]
    public async Task It_is_asked_once_and_no_more_when_Kamailio_has_answered()
    {
        var isSilent = true;
        await using var server = Serve(request => isSilent ? null : Version.Replace("ID", request.Split("\"id\":")[1].Split(',', '}')[0], StringComparison.Ordinal));
        await using var client = Client($"jsonrpc+tcp://127.0.0.1:{server.Port}");

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => CallAsync(client));
        var asked = server.Connections;
        Assert.That(asked, Is.GreaterThan(1));
        await Assert.ThrowsAsync<KamailioTimeoutException>(() => CallAsync(client));
        Assert.That(server.Connections, Is.EqualTo(asked + 1));

        isSilent = false;
        await CallAsync(client);
        isSilent = true;
        var failure = await Assert.ThrowsAsync<KamailioTimeoutException>(() => CallAsync(client));
        Assert.That(failure!.Message, Does.EndWith("within 300ms"));
        Assert.That(server.Connections, Is.EqualTo(asked + 3));
    }

    /// <summary>Answers each thing that comes, or stays silent.</summary>
    private static ScriptedServer Serve(Func<string, string?> answer) => new(async stream =>
    {
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer) is > 0 and var length)
        {
            if (answer(Encoding.Latin1.GetString(buffer, 0, length)) is { } text)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
                stream.Socket.Shutdown(SocketShutdown.Send);
            }
        }
    });

    private static RpcClient Client(string address) => new(KamailioAddress.Parse(address), new RpcClientOptions { Timeout = TimeSpan.FromMilliseconds(300), NamesStrangers = true });

    private static Task<RpcResult> CallAsync(RpcClient client) => client.InvokeAsync("core.version", [], CancellationToken.None).WaitAsync(Deadline);

    private static async Task<KamailioRpcException> FailAsync(string address, int port)
    {
        await using var client = Client(address.Replace("{}", $"127.0.0.1:{port}", StringComparison.Ordinal));
        return (await Assert.CatchAsync<KamailioRpcException>(() => CallAsync(client)))!;
    }
}
