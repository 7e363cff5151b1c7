using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe.Tls;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>OPTIONS over TCP or TLS. The connection is kept from one probe to the next, and made anew when it is broken.</summary>
internal sealed class SipStreamProbe(ProbeTarget target, SipProbeOptions options, TimeProvider timeProvider) : IProbe
{
    private const string NoAnswer = "no answer to OPTIONS";
    private const string NoAddress = "no address for the name";

    private readonly TlsHandshake? _tls = target.Uri.Transport is SipTransport.Tls ? new TlsHandshake(target.Uri.Host, options.CaFile, Identity(options)) : null;
    private SipConnection? _connection;
    private string _missing = NoAnswer;

    public TimeSpan Timeout => options.Timeout;

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new LinkedTimeout(options.Timeout, timeProvider, cancellationToken);
        var isReusable = false;
        try
        {
            var answer = await AskAsync(limit.Token).ConfigureAwait(false);
            isReusable = _connection!.IsReusable;
            return answer;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return !limit.Token.IsCancellationRequested ? ProbeOutcome.Of(exception)
                : _missing == NoAddress ? ProbeOutcome.Unknown(FailureText.Within(_missing, options.Timeout))
                : ProbeOutcome.Dead(FailureText.Within(_missing, options.Timeout));
        }
        finally
        {
            if (!isReusable)
            {
                await CloseAsync().ConfigureAwait(false);
            }
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private static ClientIdentity? Identity(SipProbeOptions options) =>
        options is { CertificateFile: { } certificate, KeyFile: { } key } ? new ClientIdentity(certificate, key) : null;

    private async Task<ProbeOutcome> AskAsync(CancellationToken cancellationToken)
    {
        _missing = NoAddress;
        var address = await target.ResolveAsync(options.Timeout, timeProvider, cancellationToken).ConfigureAwait(false);
        if (_connection is not null && _connection.Address.Equals(address))
        {
            _missing = NoAnswer;
            try
            {
                return await _connection.AskAsync(options.Alive, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // A server that closes a quiet connection, or has been started again since, is not dead for that.
            }
        }

        await ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        return await _connection!.AskAsync(options.Alive, cancellationToken).ConfigureAwait(false);
    }

    private async Task ConnectAsync(IPAddress address, CancellationToken cancellationToken)
    {
        await CloseAsync().ConfigureAwait(false);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            _missing = "no connection";
            await socket.ConnectAsync(new IPEndPoint(address, target.Uri.Port), cancellationToken).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (_tls is not null)
            {
                _missing = "no TLS handshake";
                stream = await _tls.RunAsync(stream, cancellationToken).ConfigureAwait(false);
            }

            _missing = NoAnswer;
            _connection = new SipConnection(stream, address, new OptionsRequest(target.Uri, (IPEndPoint)socket.LocalEndPoint!));
        }
        finally
        {
            if (_connection is null)
            {
                socket.Dispose();
            }
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
