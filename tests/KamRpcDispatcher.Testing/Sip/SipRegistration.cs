using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>Registers a user at a SIP server over UDP, past the product.</summary>
public static class SipRegistration
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="registrar">The server.</param>
    /// <param name="user">Who registers.</param>
    /// <param name="contact">Where the user is then reached.</param>
    /// <returns>The status of the answer, and its contacts.</returns>
    public static async Task<(int Status, string Contact)> SendAsync(IPEndPoint registrar, string user, string contact)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Connect(registrar);
        await socket.SendAsync(Request(registrar, socket.Client.LocalEndPoint!, user, contact), deadline.Token).ConfigureAwait(false);
        var answer = Encoding.ASCII.GetString((await socket.ReceiveAsync(deadline.Token).ConfigureAwait(false)).Buffer);
        var contacts = answer.Split("\r\n").FirstOrDefault(static line => line.StartsWith("Contact:", StringComparison.OrdinalIgnoreCase)) ?? string.Empty;
        return (int.Parse(answer.AsSpan(8, 3), CultureInfo.InvariantCulture), contacts);
    }

    private static byte[] Request(EndPoint registrar, EndPoint from, string user, string contact) => Encoding.ASCII.GetBytes(string.Join("\r\n",
        $"REGISTER sip:{registrar} SIP/2.0",
        $"Via: SIP/2.0/UDP {from};branch=z9hG4bK{Guid.NewGuid():N}",
        $"From: <sip:{user}@{registrar}>;tag=1",
        $"To: <sip:{user}@{registrar}>",
        $"Call-ID: {Guid.NewGuid():N}",
        "CSeq: 1 REGISTER",
        $"Contact: <{contact}>",
        "Expires: 600",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        ""));
}
