using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>
/// An OPTIONS request outside of a dialog (RFC 3261, section 11.1), written once for a socket. What makes a transaction a new one is
/// written over for each: it always has the same length.
/// </summary>
internal sealed class OptionsRequest
{
    /// <summary>By which a server knows that the branch is unique (RFC 3261, section 8.1.1.7).</summary>
    private const string MagicCookie = "z9hG4bK";

    private const int RandomBytes = 8;

    private static readonly string Blank = new('0', 2 * RandomBytes);
    private static readonly string UserAgent = "kamrpc/" + typeof(OptionsRequest).Assembly.GetName().Version!.ToString(3);

    private readonly SpanAction _random;
    private readonly byte[] _text;
    private readonly Range _branch;
    private readonly Range[] _randoms;

    /// <param name="uri">What is asked.</param>
    /// <param name="local">Where from.</param>
    /// <param name="random">Replaces the system's generator of secrets in tests: who can guess a branch can answer for the server.</param>
    public OptionsRequest(SipUri uri, IPEndPoint local, SpanAction? random = null)
    {
        _random = random ?? LibC.FillWithSecret;
        var host = Host(local.Address);
        var (transport, contact) = uri.Transport switch
        {
            SipTransport.Udp => ("UDP", $"sip:kamrpc@{host}:{local.Port}"),
            SipTransport.Tcp => ("TCP", $"sip:kamrpc@{host}:{local.Port};transport=tcp"),
            // RFC 3261, section 8.1.1.8: the Contact of a request to sips: is one too.
            _ when uri.Text.StartsWith("sips:", StringComparison.Ordinal) => ("TLS", $"sips:kamrpc@{host}:{local.Port}"),
            _ => ("TLS", $"sip:kamrpc@{host}:{local.Port};transport=tls"),
        };
        var text = new StringBuilder();
        text.Append($"OPTIONS {uri.Text} SIP/2.0\r\n");
        text.Append($"Via: SIP/2.0/{transport} {host}:{local.Port};rport;branch={MagicCookie}");
        var branch = Slot();
        text.Append("\r\nMax-Forwards: 70\r\n");
        text.Append($"From: <sip:kamrpc@{host}>;tag=");
        var tag = Slot();
        text.Append($"\r\nTo: <{uri.Text}>\r\n");
        text.Append("Call-ID: ");
        var callId = Slot();
        text.Append($"@{host}\r\n");
        text.Append("CSeq: 1 OPTIONS\r\n");
        text.Append($"Contact: <{contact}>\r\n");
        text.Append("Accept: application/sdp\r\n");
        text.Append($"User-Agent: {UserAgent}\r\n");
        text.Append("Content-Length: 0\r\n\r\n");

        _text = Encoding.ASCII.GetBytes(text.ToString());
        _branch = (branch.Start.Value - MagicCookie.Length)..branch.End;
        _randoms = [branch, tag, callId];

        Range Slot()
        {
            var start = text.Length;
            text.Append(Blank);
            return start..text.Length;
        }
    }

    public ReadOnlyMemory<byte> Text => _text;

    /// <summary>Of the transaction under way.</summary>
    public ReadOnlySpan<byte> Branch => _text.AsSpan(_branch);

    /// <summary>Begins a new transaction.</summary>
    public void Renew()
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        foreach (var range in _randoms)
        {
            _random(random);
            Convert.TryToHexStringLower(random, _text.AsSpan(range), out _);
        }
    }

    /// <summary>Fills a span.</summary>
    internal delegate void SpanAction(Span<byte> bytes);

    private static string Host(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6
            // Without the scope, which means something on this machine only.
            ? $"[{new IPAddress(address.GetAddressBytes())}]"
            : address.ToString();
}
