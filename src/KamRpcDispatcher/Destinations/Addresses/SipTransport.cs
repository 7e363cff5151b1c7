namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>The transport of a SIP URI, as its <c>transport</c> parameter names it (RFC 3261, section 19.1.1).</summary>
public enum SipTransport
{
    Udp,
    Tcp,
    Tls,
    Sctp,
    Ws,
    Wss,
}
