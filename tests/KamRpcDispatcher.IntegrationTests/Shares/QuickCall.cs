using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>How one call through a proxy ended.</summary>
/// <param name="Status">The status of its final answer.</param>
/// <param name="Server">Who gave it, as <c>sip:127.0.7.1:5060</c>; null for a refusal of the proxy's own.</param>
internal sealed partial record QuickCall(int Status, string? Server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Calls with a Call-ID and as a caller of one's own choice, which SIPp does not offer; acknowledges what is accepted, and ends nothing.</summary>
    /// <exception cref="OperationCanceledException">No final answer came.</exception>
    public static async Task<QuickCall> MakeAsync(IPEndPoint proxy, string callId, string caller = "sip:caller@example.org")
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var branch = $"z9hG4bK{Guid.NewGuid():N}";
        await socket.SendAsync(Request("INVITE", branch), proxy, deadline.Token).ConfigureAwait(false);
        while (true)
        {
            var answer = Encoding.ASCII.GetString((await socket.ReceiveAsync(deadline.Token).ConfigureAwait(false)).Buffer);

            // "SIP/2.0 200 OK"
            var status = int.Parse(answer.AsSpan(8, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            if (status < 200)
            {
                continue;
            }

            var server = Contact().Match(answer) is { Success: true } contact ? contact.Groups[1].Value : null;
            await socket.SendAsync(Request("ACK", branch), status < 300 && server is not null ? IPEndPoint.Parse(server) : proxy, deadline.Token).ConfigureAwait(false);
            return new QuickCall(status, server is null ? null : "sip:" + server);
        }

        byte[] Request(string method, string branch) => Encoding.ASCII.GetBytes(string.Join("\r\n",
            $"{method} sip:callee@{proxy} SIP/2.0",
            $"Via: SIP/2.0/UDP {socket.Client.LocalEndPoint};branch={branch}",
            $"From: <{caller}>;tag=1",
            "To: <sip:callee@example.org>",
            $"Call-ID: {callId}",
            $"CSeq: 1 {method}",
            $"Contact: <sip:caller@{socket.Client.LocalEndPoint}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "",
            ""));
    }

    [GeneratedRegex(@"^Contact: <sip:([0-9.]+:[0-9]+)>", RegexOptions.Multiline)]
    private static partial Regex Contact();
}
