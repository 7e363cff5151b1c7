using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace KamailioRpc.Errors;

/// <summary>
/// Who is at an address of IP where nobody answers as he is asked: RPC in another form, a SIP server, a web server. Asked only as long as nobody
/// has answered there at all, and not at each try: what is sent makes whoever does not expect it log a line.
/// </summary>
internal sealed class KamailioStranger(KamailioAddress address, RpcClientOptions options)
{
    private const string Usual = $"Kamailio's own socket is {KamailioAddress.Default} as a rule";

    /// <summary>Who has something to say says it at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    /// <summary>How long it is taken for what is there.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    private string? _known;
    private volatile bool _isTaken;
    private long? _askedAt;

    /// <summary>The same failure, or one that says who is there.</summary>
    /// <param name="failure">A call failed by it, and none has been answered yet.</param>
    /// <param name="method">What was called.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Exception> ExplainAsync(Exception failure, string method, CancellationToken cancellationToken)
    {
        if (address.Host is null || !IsDoubtful(failure))
        {
            return failure;
        }

        if (_askedAt is not { } askedAt || options.TimeProvider.GetElapsedTime(askedAt) > Validity)
        {
            _askedAt = options.TimeProvider.GetTimestamp();
            _known = await AskAsync(cancellationToken).ConfigureAwait(false);
        }

        return _known is { } who ? new KamailioUnreachableException(address, who, failure)
            : _isTaken && failure is KamailioTimeoutException ? new KamailioTimeoutException(method, options.Timeout, $"a connection is taken there, and nobody speaks {Language}: Kamailio hangs, or it is a port for something else; {Usual}")
            : failure;
    }

    /// <summary>By the first bytes of an answer to a SIP request; null where they tell nothing.</summary>
    internal static string? Describe(ReadOnlySpan<byte> answer, KamailioAddress address) =>
        answer.StartsWith("SIP/"u8) ? "a SIP server answers there, by its own protocol: it is a port for calls, and RPC has one of its own" + (address.Transport == RpcTransport.Http
            ? $", or goes over this one where xhttp is loaded and event_route[xhttp:request] calls jsonrpc_dispatch(); {Usual}"
            : $"; {Usual}")
        : address.Transport == RpcTransport.Udp ? null
        : answer.StartsWith("HTTP/"u8) && address.Transport != RpcTransport.Http ? $"a web server answers there: try http://{Place(address)}/RPC if it is Kamailio's xhttp; {Usual}"
        : null;

    /// <summary>Nobody answered, or in a way that is none; who refuses the connection is known well enough.</summary>
    private static bool IsDoubtful(Exception failure) =>
        failure is KamailioTimeoutException or KamailioGoneException or KamailioMalformedReplyException or KamailioUnreachableException { InnerException: HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } };

    private string Language => address.Url is { } url ? url.Scheme == Uri.UriSchemeHttps ? "TLS" : "HTTP" : address.Protocol == RpcProtocol.BinRpc ? "BINRPC" : "JSON-RPC";

    private static string Place(KamailioAddress address) =>
        string.Create(CultureInfo.InvariantCulture, $"{(address.Host!.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]" : address.Host)}:{address.Port}");

    /// <summary>
    /// One question after another, and none after the first that is answered: what is no handshake is the beginning of one to a port that speaks TLS, and Kamailio 5.6 with OpenSSL 3 dies of
    /// two at one moment.
    /// </summary>
    private async Task<string?> AskAsync(CancellationToken cancellationToken)
    {
        string[] schemes = address.Transport == RpcTransport.Udp ? ["jsonrpc+udp://", "binrpc+udp://"] : ["jsonrpc+tcp://", "binrpc+tcp://", "http://"];
        var others = schemes.Where(scheme => !address.ToString().StartsWith(scheme, StringComparison.Ordinal))
            .Select(scheme => KamailioAddress.Parse(scheme + Place(address) + (scheme == "http://" ? "/RPC" : string.Empty)));
        var secure = await AskForTlsAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (secure is not null)
        {
            return secure;
        }

        foreach (var other in others)
        {
            var isKamailio = await IsKamailioAsync(other, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (isKamailio)
            {
                return $"RPC is there, in another form: write {other}";
            }
        }

        var sip = await AskForSipAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return sip;
    }

    private async Task<bool> IsKamailioAsync(KamailioAddress other, CancellationToken cancellationToken)
    {
        try
        {
            await using var client = new RpcClient(other, options with { Timeout = Patience, NamesStrangers = false });
            return (await client.InvokeAsync("core.version", [], cancellationToken).ConfigureAwait(false)).ToText().StartsWith("kamailio", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception exception) when (exception is KamailioRpcException or NotSupportedException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<string?> AskForSipAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = await ConnectAsync(patience.Token).ConfigureAwait(false);
            var (own, isUdp) = (socket.LocalEndPoint!.ToString(), address.Transport == RpcTransport.Udp);
            var request = $"OPTIONS sip:{Place(address)} SIP/2.0\r\nVia: SIP/2.0/{(isUdp ? "UDP" : "TCP")} {own};rport;branch=z9hG4bK-kamrpc{Guid.NewGuid():N}\r\nMax-Forwards: 0\r\n"
                + $"From: <sip:kamrpc@{own}>;tag=kamrpc\r\nTo: <sip:{Place(address)}>\r\nCall-ID: {Guid.NewGuid():N}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), patience.Token).ConfigureAwait(false);
            var buffer = new byte[64 * 1024];
            return Describe(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token).ConfigureAwait(false)), address);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<string?> AskForTlsAsync(CancellationToken cancellationToken)
    {
        if (address.Transport == RpcTransport.Udp || address.Url?.Scheme == Uri.UriSchemeHttps)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var answer = $"what answers there speaks TLS: try https://{Place(address)}/RPC if it is Kamailio's xhttp; {Usual}";
        try
        {
            using var socket = await ConnectAsync(patience.Token).ConfigureAwait(false);
            await using var secure = new SslStream(new NetworkStream(socket));
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, patience.Token).ConfigureAwait(false);
            return answer;
        }
        catch (AuthenticationException exception) when (exception.Message.Contains("certificate", StringComparison.Ordinal))
        {
            // It has one, whoever is to trust it.
            return answer;
        }
        catch (Exception exception) when (exception is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        if (address.Transport != RpcTransport.Udp)
        {
            var connected = await NameResolver.Shared.ConnectAsync(address.Host!, address.Port, cancellationToken).ConfigureAwait(false);
            _isTaken = true;
            return connected;
        }

        var hosts = await NameResolver.Shared.FindAsync(address.Host!, ResolvedConnection.Patience, cancellationToken).ConfigureAwait(false);
        var host = hosts.MinBy(static found => found.AddressFamily)!;
        var socket = new Socket(host.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            await socket.ConnectAsync(host, address.Port, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
