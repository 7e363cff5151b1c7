using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Api;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>The port of a slice that calls go to.</summary>
/// <param name="Name">Its name; empty for none.</param>
/// <param name="Port">Its number.</param>
/// <param name="Parameter">What a SIP URI says of its transport: empty for UDP.</param>
internal sealed record PortChoice(string Name, int Port, string Parameter)
{
    private const int SipPort = 5060;
    private const int SipsPort = 5061;

    /// <summary>Such as <c>sip (UDP 5060)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Name.Length == 0 ? "without a name" : Name)} ({Transport} {Port})");

    private string Transport => Parameter.Length == 0 ? "UDP" : Parameter[(Parameter.IndexOf('=', StringComparison.Ordinal) + 1)..].ToUpperInvariant();

    /// <summary>
    /// The one that is asked for; else the UDP port named sip, the only UDP port, the port named sip, sip-tcp, sips or sip-tls, or the only port there is. A slice without ports
    /// (a headless Service that names none) has UDP 5060.
    /// </summary>
    /// <param name="ports">Those of a slice.</param>
    /// <param name="asked">The name of the one to take; null for none in particular.</param>
    /// <param name="choice">What is taken.</param>
    /// <param name="error">Why nothing is.</param>
    public static bool TryChoose(IReadOnlyList<EndpointPort?>? ports, string? asked, [NotNullWhen(true)] out PortChoice? choice, [NotNullWhen(false)] out string? error)
    {
        (choice, error) = (null, null);
        List<EndpointPort> all = [.. (ports ?? []).OfType<EndpointPort>()];
        if (asked is not null)
        {
            var named = all.Find(port => (port.Name ?? string.Empty) == asked);
            return named is null ? Fail(out error, $"it has no port named '{SafeText.Shorten(asked)}', for which the label {ServiceLabels.PortLabel} asks: it has {Shown(all)}") : TryRead(named, out choice, out error);
        }

        if (all.Count == 0)
        {
            choice = new PortChoice(string.Empty, SipPort, string.Empty);
            return true;
        }

        var udp = all.FindAll(static port => port.Protocol == "UDP");
        var taken = udp.Find(static port => port.Name == "sip") ?? (udp.Count == 1 ? udp[0] : null)
            ?? (udp.Count > 1 ? null : FirstNamed(all, "sip", "sip-tcp", "sips", "sip-tls") ?? (all.Count == 1 ? all[0] : null));
        return taken is null
            ? Fail(out error, $"which of its ports calls go to is not clear: it has {Shown(all)}; name one of them sip, or set the label {ServiceLabels.PortLabel} of the Service to the name of one")
            : TryRead(taken, out choice, out error);
    }

    private static EndpointPort? FirstNamed(List<EndpointPort> ports, params string[] names) =>
        names.Select(name => ports.Find(port => port.Name == name)).FirstOrDefault(static port => port is not null);

    private static bool TryRead(EndpointPort port, [NotNullWhen(true)] out PortChoice? choice, [NotNullWhen(false)] out string? error)
    {
        (choice, error) = (null, null);
        var name = port.Name ?? string.Empty;
        var isTls = name is "sips" or "sip-tls" || port.AppProtocol is "sips";
        var parameter = port.Protocol switch
        {
            "UDP" => string.Empty,
            null or "" or "TCP" => isTls ? ";transport=tls" : ";transport=tcp",
            "SCTP" => ";transport=sctp",
            _ => null,
        };
        if (parameter is null)
        {
            return Fail(out error, $"its port {SafeText.Shorten(name)} has the protocol '{SafeText.Shorten(port.Protocol!)}', which SIP does not speak here");
        }

        // Null is "all ports".
        var number = port.Port ?? (isTls ? SipsPort : SipPort);
        if (number is < 1 or > 65535)
        {
            return Fail(out error, string.Create(CultureInfo.InvariantCulture, $"its port {SafeText.Shorten(name)} has the number {number}, which is none"));
        }

        choice = new PortChoice(SafeText.Shorten(name), number, parameter);
        return true;
    }

    private static bool Fail(out string error, string reason)
    {
        error = reason;
        return false;
    }

    private static string Shown(List<EndpointPort> ports) =>
        ports.Count == 0 ? "none" : SafeText.Shorten(string.Join(", ", ports.Select(static port => string.Create(CultureInfo.InvariantCulture, $"{port.Name} ({port.Protocol ?? "TCP"} {port.Port})"))), 200);
}
