using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>OPTIONS over UDP: a non-INVITE client transaction (RFC 3261, section 17.1.2).</summary>
/// <remarks>
/// The socket is not connected: a server with several addresses (a VIP, several interfaces) may answer from another one than it was asked at,
/// as Kamailio's own pings allow. The answer is known by its branch, which nobody can guess; a closed port by the kernel's own record of it.
/// The socket is kept while the server answers; after anything else the next probe has a new one, with the source address that the machine
/// has then.
/// </remarks>
internal sealed class SipUdpProbe(ProbeTarget target, SipProbeOptions options, TimeProvider timeProvider) : IProbe
{
    private const int LongestDatagram = 64 * 1024;

    private static readonly TimeSpan T2 = TimeSpan.FromSeconds(4);

    // RFC 3261 has 500 ms, and allows less where the round trip is known to be short (17.1.2.1), as it is to a server nearby. With a fifth
    // of the timeout a request is sent three times, the last time with two fifths left for the answer.
    private readonly TimeSpan _t1 = Shorter(options.Timeout / 5, TimeSpan.FromMilliseconds(500));

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(LongestDatagram, pinned: true);
    private readonly SocketAddress _sender = new(AddressFamily.InterNetworkV6);
    private Socket? _socket;
    private IPAddress? _address;
    private SocketAddress? _destination;
    private OptionsRequest? _request;

    public TimeSpan Timeout => options.Timeout;

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        ProbeOutcome? answer = null;
        try
        {
            answer = await AskAsync(cancellationToken).ConfigureAwait(false);
            return answer ?? ProbeOutcome.Dead(FailureText.Within("no answer to OPTIONS", options.Timeout));
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ProbeOutcome.Of(exception);
        }
        finally
        {
            if (answer is null)
            {
                Close();
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <returns>Null when no final answer came in time.</returns>
    private async Task<ProbeOutcome?> AskAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var begun = timeProvider.GetTimestamp();
        var address = await target.ResolveAsync(options.Timeout, timeProvider, cancellationToken).ConfigureAwait(false);
        var mayBeStale = _socket is not null && address.Equals(_address);
        if (!mayBeStale)
        {
            Open(address);
        }

        _request!.Renew();
        var (interval, send) = (_t1, true);
        while (true)
        {
            var left = options.Timeout - timeProvider.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            using var limit = new LinkedTimeout(Shorter(interval, left), timeProvider, cancellationToken);
            var (status, outcome) = await ExchangeAsync(address, send, mayBeStale, limit.Token).ConfigureAwait(false);
            if (outcome is not null)
            {
                return outcome;
            }

            cancellationToken.ThrowIfCancellationRequested();

            // 17.1.2.2: a provisional answer slows the retransmissions down to T2, which without one they come to by doubling.
            send = status == 0;
            interval = send ? Shorter(interval * 2, T2) : T2;
            mayBeStale = false;
        }
    }

    /// <summary>Waits for an answer to the request; everything else that comes is passed over.</summary>
    /// <returns>The status of a provisional answer without an outcome, and 0 when the time was up.</returns>
    private async ValueTask<(int Status, ProbeOutcome? Outcome)> ExchangeAsync(IPAddress address, bool send, bool mayBeStale, CancellationToken limit)
    {
        try
        {
            if (send)
            {
                await SendAsync(address, mayBeStale, limit).ConfigureAwait(false);
            }

            while (true)
            {
                if (await ReceiveAsync(limit).ConfigureAwait(false) is not { } length)
                {
                    continue;
                }

                var (status, outcome) = Read(_buffer.AsSpan(0, length));
                if (status > 0)
                {
                    return (status, outcome);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    /// <returns>Null when what was told is not about this request.</returns>
    /// <exception cref="SocketException">The port is closed.</exception>
    private async ValueTask<int?> ReceiveAsync(CancellationToken limit)
    {
        try
        {
            return await _socket!.ReceiveFromAsync(_buffer, SocketFlags.None, _sender, limit).ConfigureAwait(false);
        }
        catch (SocketException) when (!IsAboutRequest())
        {
            return null;
        }
    }

    /// <summary>
    /// Whether one of the errors that the kernel keeps says that the port is closed to this request, and not to one before it. What else
    /// a router may say of it is as good as no answer.
    /// </summary>
    private bool IsAboutRequest()
    {
        var found = false;
        while (DatagramErrors.Take(_socket!, _buffer) is { } error)
        {
            // Some quote the head only.
            var quoted = _buffer.AsSpan(0, error.Length);
            found |= error.Error == DatagramErrors.Refused
                && error.To is { } to && to.Port == target.Uri.Port && to.Address.Equals(_address)
                && (quoted.IsEmpty || quoted.StartsWith(_request!.Text.Span[..Math.Min(quoted.Length, _request.Text.Length)]));
        }

        return found;
    }

    private async ValueTask SendAsync(IPAddress address, bool mayBeStale, CancellationToken limit)
    {
        try
        {
            await _socket!.SendToAsync(_request!.Text, SocketFlags.None, _destination!, limit).ConfigureAwait(false);
        }
        catch (SocketException) when (mayBeStale)
        {
            // What is told here became of an earlier datagram, or of the address that the socket was bound to: this one was not sent.
            Open(address);
            _request!.Renew();
            await _socket!.SendToAsync(_request.Text, SocketFlags.None, _destination!, limit).ConfigureAwait(false);
        }
    }

    private (int Status, ProbeOutcome? Outcome) Read(ReadOnlySpan<byte> datagram)
    {
        var head = SipMessage.HeadOf(datagram);
        return head.IsEmpty ? default : SipVerdict.Of(SipMessage.Read(head), _request!.Branch, options.Alive);
    }

    private void Open(IPAddress address)
    {
        Close();
        var destination = new IPEndPoint(address, target.Uri.Port);
        using var way = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);

        // Sends nothing: the kernel says which address of this machine's leads there.
        way.Connect(destination);
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        DatagramErrors.Keep(_socket);
        _socket.Bind(new IPEndPoint(((IPEndPoint)way.LocalEndPoint!).Address, 0));
        _destination = destination.Serialize();
        _address = address;
        _request = new OptionsRequest(target.Uri, (IPEndPoint)_socket.LocalEndPoint!);
    }

    private void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
