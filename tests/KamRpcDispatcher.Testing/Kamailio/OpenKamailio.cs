using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A real Kamailio that listens for RPC in every way there is, on loopback and in a temporary folder. Two of them: jsonrpcs has one datagram
/// socket, a Unix one or a UDP one.
/// </summary>
public sealed class OpenKamailio : IAsyncDisposable
{
    private const string CtlStream = "kamailio_ctl";
    private const string CtlDatagram = "kamailio_ctl_d";

    private readonly TemporaryFolder _folder;
    private readonly Dictionary<string, string> _addresses;
    private readonly KamailioServer _server;
    private readonly KamailioServer _udpServer;

    private OpenKamailio(TemporaryFolder folder, Dictionary<string, string> addresses, KamailioServer server, KamailioServer udpServer) =>
        (_folder, _addresses, _server, _udpServer) = (folder, addresses, server, udpServer);

    /// <summary>The names of the transports that this release of Kamailio has.</summary>
    public static IReadOnlyList<string> Transports { get; } =
    [
        "jsonrpc+unix", "jsonrpc+udp", "jsonrpc+fifo", "http", "https", "binrpc+unix", "binrpc+unixd", "binrpc+tcp", "binrpc+udp",
        .. HasJsonOverTcp() ? new[] { "jsonrpc+tcp" } : [],
    ];

    /// <summary>The certificate that it shows over HTTPS, which signed itself.</summary>
    public string CertificateFile => _folder.File("cert.pem");

    /// <summary>A place for the sockets that Kamailio replies to.</summary>
    public string ReplyDirectory => _folder.File("replies");

    /// <summary>The server behind a transport.</summary>
    public KamailioServer Server(string transport) => transport == "jsonrpc+udp" ? _udpServer : _server;

    /// <summary>The URI by which the product addresses it.</summary>
    public string Address(string transport) => _addresses[transport];

    /// <param name="options">More config, and a list.</param>
    /// <param name="isRoomy">Whether the buffers of TCP connections are made large enough for lists of thousands.</param>
    public static async Task<OpenKamailio> StartAsync(KamailioOptions? options = null, bool isRoomy = false)
    {
        options ??= new KamailioOptions();
        var folder = new TemporaryFolder();
        await TestCertificate.MakeAsync(folder).ConfigureAwait(false);
        var ports = new Ports();
        var udpServer = await KamailioServer.StartAsync(options with { RpcUdpPort = ports.JsonUdp }).ConfigureAwait(false);
        try
        {
            var server = await KamailioServer.StartAsync(options with
            {
                ExtraConfig = Defines(ports, isRoomy) + options.ExtraConfig,
                FinalConfig = Modules(folder, ports) + HttpRoute + options.FinalConfig,
            }).ConfigureAwait(false);
            var addresses = new Dictionary<string, string>
            {
                ["jsonrpc+unix"] = server.RpcAddress,
                ["jsonrpc+udp"] = udpServer.RpcAddress,
                ["jsonrpc+fifo"] = "jsonrpc+fifo:" + server.FifoPath,
                ["jsonrpc+tcp"] = $"jsonrpc+tcp://127.0.0.1:{ports.JsonTcp}",
                ["http"] = $"http://127.0.0.1:{ports.Http}/RPC",
                ["https"] = $"https://localhost:{ports.Https}/RPC",
                ["binrpc+unix"] = "binrpc+unix:" + folder.File(CtlStream),
                ["binrpc+unixd"] = "binrpc+unixd:" + folder.File(CtlDatagram),
                ["binrpc+tcp"] = $"binrpc+tcp://127.0.0.1:{ports.BinTcp}",
                ["binrpc+udp"] = $"binrpc+udp://127.0.0.1:{ports.BinUdp}",
            };
            return new OpenKamailio(folder, addresses, server, udpServer);
        }
        catch
        {
            await udpServer.DisposeAsync().ConfigureAwait(false);
            folder.Dispose();
            throw;
        }
    }

    public Task KillAsync() => Task.WhenAll(new[] { _server, _udpServer }.Select(static server =>
    {
        server.Kill();
        return server.Gone;
    }));

    public Task StartAgainAsync() => Task.WhenAll(_server.StartAgainAsync(), _udpServer.StartAgainAsync());

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync().ConfigureAwait(false);
        await _udpServer.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private const string HttpRoute = """
        event_route[xhttp:request] {
            if ($hu =~ "^/RPC$") {
                jsonrpc_dispatch();
            } else {
                xhttp_reply("404", "Not Found", "text/plain", "");
            }
        }

        """;

    private static string Defines(Ports ports, bool isRoomy) => string.Create(CultureInfo.InvariantCulture, $"""
        #!ifdef KAMAILIO_5_6
        #!define KAMRPC_TRANSPORT 7
        #!else
        #!define KAMRPC_TRANSPORT 15
        #!endif
        #!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{ports.Http}
        {(isRoomy ? "tcp_conn_wq_max=16777216\ntcp_wq_max=67108864" : "")}
        enable_tls=yes
        listen=tls:127.0.0.1:{ports.Https}

        """);

    private static string Modules(TemporaryFolder folder, Ports ports) => string.Create(CultureInfo.InvariantCulture, $"""
        loadmodule "dialog.so"
        loadmodule "xhttp.so"
        loadmodule "tls.so"
        loadmodule "ctl.so"
        # The default is what OpenSSL 3 refuses.
        modparam("tls", "tls_method", "TLSv1.2+")
        modparam("tls", "certificate", "{folder.File("cert.pem")}")
        modparam("tls", "private_key", "{folder.File("key.pem")}")
        modparam("dialog", "profiles_no_value", "calls")
        modparam("ctl", "binrpc", "unixs:{folder.File(CtlStream)}")
        modparam("ctl", "binrpc", "unixd:{folder.File(CtlDatagram)}")
        modparam("ctl", "binrpc", "tcp:127.0.0.1:{ports.BinTcp}")
        modparam("ctl", "binrpc", "udp:127.0.0.1:{ports.BinUdp}")
        #!ifndef KAMAILIO_5_6
        modparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:{ports.JsonTcp}")
        #!endif

        """);

    /// <summary>5.7 brought JSON-RPC over TCP.</summary>
    private static bool HasJsonOverTcp() => KamailioServer.Release is { } release && release >= new Version(5, 7);

    private sealed record Ports
    {
        public int JsonUdp { get; } = RealServers.FreeUdpPort();

        public int JsonTcp { get; } = RealServers.FreePort();

        public int Http { get; } = RealServers.FreePort();

        public int Https { get; } = RealServers.FreePort();

        public int BinTcp { get; } = RealServers.FreePort();

        public int BinUdp { get; } = RealServers.FreeUdpPort();
    }
}
