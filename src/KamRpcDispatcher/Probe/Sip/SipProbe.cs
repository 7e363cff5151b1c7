using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe.Tls;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>Probes a server by asking it for its OPTIONS, over the transport of its URI.</summary>
public static class SipProbe
{
    /// <summary>Null when the URI can be probed with these options, otherwise a sentence that says why not and what to do.</summary>
    public static string? WhyNot(SipUri uri, SipProbeOptions options)
    {
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(options);
        if (uri.Transport is not (SipTransport.Udp or SipTransport.Tcp or SipTransport.Tls))
        {
            return $"'{uri}' cannot be probed over {uri.Transport.ToString().ToLowerInvariant()}: " +
                "give --probe-uri with udp, tcp or tls, or --probe tcp, exec:<command> or none";
        }

        return uri.Transport is not SipTransport.Tls ? null
            : options.CaFile is { } caFile && TrustedRoots.WhyNot(caFile) is { } why ? why
            : options is { CertificateFile: { } certificate, KeyFile: { } key } ? ClientIdentity.WhyNot(certificate, key)
            : null;
    }

    /// <exception cref="ArgumentException">The URI cannot be probed, see <see cref="WhyNot"/>.</exception>
    public static IProbe Create(SipUri uri, SipProbeOptions options) => Create(uri, options, TimeProvider.System);

    internal static IProbe Create(SipUri uri, SipProbeOptions options, TimeProvider timeProvider)
    {
        if (WhyNot(uri, options) is { } why)
        {
            throw new ArgumentException(why, nameof(uri));
        }

        var target = new ProbeTarget(uri);
        return uri.Transport is SipTransport.Udp
            ? new SipUdpProbe(target, options, timeProvider)
            : new SipStreamProbe(target, options, timeProvider);
    }
}
