using System.Globalization;
using System.Net;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>What <c>socket=</c> in a destination's attributes names: <c>[proto:]host[:port]</c>, as Kamailio reads it.</summary>
/// <param name="Protocol">Null for any.</param>
/// <param name="Host">An address, without brackets, or a name.</param>
/// <param name="Port">Null for any.</param>
internal sealed record SocketText(string? Protocol, string Host, int? Port)
{
    private static readonly string[] Protocols = ["udp", "tcp", "tls", "sctp", "ws", "wss"];

    /// <summary>Null for what is written in another way: Kamailio may still understand it.</summary>
    public static SocketText? TryParse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var protocol = colon > 0 ? Array.Find(Protocols, name => text.AsSpan(0, colon).Equals(name, StringComparison.OrdinalIgnoreCase)) : null;
        var rest = protocol is null ? text : text[(colon + 1)..];
        var end = rest.StartsWith('[') ? rest.IndexOf(']', StringComparison.Ordinal) + 1 : rest.IndexOf(':', StringComparison.Ordinal) is var at and >= 0 ? at : rest.Length;
        var (host, portText) = (rest[..end].Trim('[', ']'), rest[end..]);
        if (host.Length == 0 || (portText.Length > 0 && portText[0] != ':'))
        {
            return null;
        }

        if (portText.Length == 0)
        {
            return new SocketText(protocol, host, null);
        }

        return ushort.TryParse(portText.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? new SocketText(protocol, host, port == 0 ? null : port) : null;
    }

    /// <summary>Whether Kamailio takes it for this one of its sockets.</summary>
    public bool IsAt(KamailioSocket socket) =>
        (Protocol is null || Equal(Protocol, socket.Protocol) || (Protocol == "ws" && Equal(socket.Protocol, "wss")) || socket.Protocol.Equals("none", StringComparison.OrdinalIgnoreCase))
        && (Port is null || socket.Port == 0 || Port == socket.Port)
        && (Equal(Host, socket.Address.Trim('[', ']')) || (IPAddress.TryParse(Host, out var one) && IPAddress.TryParse(socket.Address, out var other) && one.Equals(other)));

    private static bool Equal(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
