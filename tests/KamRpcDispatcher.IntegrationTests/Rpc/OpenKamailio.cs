using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamailioRpc;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>
/// A real Kamailio that listens for RPC in every way there is, on loopback and in a temporary folder. Two of them: jsonrpcs has one datagram
/// socket, a Unix one or a UDP one.
/// </summary>
internal sealed class OpenKamailio : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, KamailioAddress> _addresses = [];
    private readonly KamailioServer _server;
    private readonly KamailioServer _udpServer;

    private OpenKamailio(TemporaryFolder folder, Dictionary<string, KamailioAddress> addresses, KamailioServer server, KamailioServer udpServer) =>
        (_folder, _addresses, _server, _udpServer) = (folder, addresses, server, udpServer);

    /// <summary>The names of the transports that this release of Kamailio has.</summary>
    public static IReadOnlyList<string> Transports { get; } =
    [
        "jsonrpc+unix", "jsonrpc+udp", "jsonrpc+fifo", "http", "https", "binrpc+unix", "binrpc+unixd", "binrpc+tcp", "binrpc+udp",
        .. HasJsonOverTcp() ? new[] { "jsonrpc+tcp" } : [],
    ];

    /// <summary>The certificate that it shows over HTTPS, which signed itself.</summary>
    public string CertificateFile => _folder.File("cert.pem");

    /// <summary>The server behind a transport.</summary>
    public KamailioServer Server(string transport) => transport == "jsonrpc+udp" ? _udpServer : _server;

    public KamailioAddress Address(string transport) => _addresses[transport];

    /// <param name="options">More config, and a list.</param>
    /// <param name="isRoomy">Whether the buffers of ctl and of TCP connections are made large enough for lists of thousands.</param>
    public static async Task<OpenKamailio> StartAsync(KamailioOptions? options = null, bool isRoomy = false)
    {
        options ??= new KamailioOptions();
        var folder = new TemporaryFolder();
        await MakeCertificateAsync(folder).ConfigureAwait(false);
        var addresses = new Dictionary<string, KamailioAddress>
        {
            ["jsonrpc+udp"] = KamailioAddress.Parse($"jsonrpc+udp://127.0.0.1:{RealServers.FreeUdpPort()}"),
            ["jsonrpc+tcp"] = KamailioAddress.Parse($"jsonrpc+tcp://127.0.0.1:{RealServers.FreePort()}"),
            ["http"] = KamailioAddress.Parse($"http://127.0.0.1:{RealServers.FreePort()}/RPC"),
            ["https"] = KamailioAddress.Parse($"https://localhost:{RealServers.FreePort()}/RPC"),
            ["binrpc+unix"] = KamailioAddress.Parse($"binrpc+unix:{folder.File("kamailio_ctl")}"),
            ["binrpc+unixd"] = KamailioAddress.Parse($"binrpc+unixd:{folder.File("kamailio_ctl_d")}"),
            ["binrpc+tcp"] = KamailioAddress.Parse($"binrpc+tcp://127.0.0.1:{RealServers.FreePort()}"),
            ["binrpc+udp"] = KamailioAddress.Parse($"binrpc+udp://127.0.0.1:{RealServers.FreeUdpPort()}"),
        };
        var udpServer = await KamailioServer.StartAsync(options with { RpcUdpPort = addresses["jsonrpc+udp"].Port }).ConfigureAwait(false);
        try
        {
            var server = await KamailioServer.StartAsync(options with
            {
                ExtraConfig = Defines(addresses, isRoomy) + options.ExtraConfig,
                FinalConfig = Modules(folder, addresses, isRoomy) + HttpRoute + options.FinalConfig,
            }).ConfigureAwait(false);
            addresses["jsonrpc+unix"] = KamailioAddress.Parse(server.RpcAddress);
            addresses["jsonrpc+fifo"] = KamailioAddress.Parse("jsonrpc+fifo:" + server.FifoPath);
            return new OpenKamailio(folder, addresses, server, udpServer);
        }
        catch
        {
            await udpServer.DisposeAsync().ConfigureAwait(false);
            folder.Dispose();
            throw;
        }
    }

    /// <summary>For clients, with a reply directory of the test's.</summary>
    public RpcClientOptions Options => new()
    {
        ReplyDirectory = _folder.File("replies"),
        FifoReplyDirectory = "/tmp",
        CertificateAuthorityFile = CertificateFile,
        Timeout = TimeSpan.FromSeconds(5),
    };

    /// <param name="transport">One of <see cref="Transports"/>.</param>
    /// <param name="with">Other options.</param>
    public RpcClient Client(string transport, Func<RpcClientOptions, RpcClientOptions>? with = null) => new(Address(transport), with?.Invoke(Options) ?? Options);

    public Task KillAsync() => Task.WhenAll(new[] { _server, _udpServer }.Select(static server =>
    {
        server.Kill();
        return server.Gone;
    }));

    public Task StartAgainAsync() => Task.WhenAll(_server.StartAgainAsync(), _udpServer.StartAgainAsync());

    /// <summary>Neither sockets nor FIFOs for replies are there any more.</summary>
    public void AssertNothingLeft() =>
        Assert.That(Directory.GetFileSystemEntries(_folder.File("replies")).Concat(Directory.GetFileSystemEntries("/tmp", $"kamrpc-{Environment.ProcessId}-*")), Is.Empty);

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

    private static string Defines(Dictionary<string, KamailioAddress> addresses, bool isRoomy) => string.Create(CultureInfo.InvariantCulture, $"""
        #!ifdef KAMAILIO_5_6
        #!define KAMRPC_TRANSPORT 7
        #!else
        #!define KAMRPC_TRANSPORT 15
        #!endif
        #!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{addresses["http"].Port}
        {(isRoomy ? "tcp_conn_wq_max=16777216\ntcp_wq_max=67108864" : "")}
        enable_tls=yes
        listen=tls:127.0.0.1:{addresses["https"].Port}

        """);

    private static string Modules(TemporaryFolder folder, Dictionary<string, KamailioAddress> addresses, bool isRoomy) => string.Create(CultureInfo.InvariantCulture, $"""
        loadmodule "dialog.so"
        loadmodule "xhttp.so"
        loadmodule "tls.so"
        loadmodule "ctl.so"
        # The default is what OpenSSL 3 refuses.
        modparam("tls", "tls_method", "TLSv1.2+")
        modparam("tls", "certificate", "{folder.File("cert.pem")}")
        modparam("tls", "private_key", "{folder.File("key.pem")}")
        modparam("dialog", "profiles_no_value", "calls")
        modparam("ctl", "binrpc", "unixs:{addresses["binrpc+unix"].Path}")
        modparam("ctl", "binrpc", "unixd:{addresses["binrpc+unixd"].Path}")
        modparam("ctl", "binrpc", "tcp:127.0.0.1:{addresses["binrpc+tcp"].Port}")
        modparam("ctl", "binrpc", "udp:127.0.0.1:{addresses["binrpc+udp"].Port}")
        {(isRoomy ? "modparam(\"ctl\", \"binrpc_max_body_size\", 32)\nmodparam(\"ctl\", \"binrpc_struct_max_body_size\", 16)" : "")}
        #!ifndef KAMAILIO_5_6
        modparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:{addresses["jsonrpc+tcp"].Port}")
        #!endif

        """);

    private static async Task MakeCertificateAsync(TemporaryFolder folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(folder.File("cert.pem"), certificate.ExportCertificatePem()).ConfigureAwait(false);
        await File.WriteAllTextAsync(folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem()).ConfigureAwait(false);
    }

    /// <summary>5.7 brought JSON-RPC over TCP.</summary>
    private static bool HasJsonOverTcp() => KamailioServer.Release is { } release && release >= new Version(5, 7);
}
