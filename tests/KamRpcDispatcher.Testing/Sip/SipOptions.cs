using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>Asks a SIP server by OPTIONS over UDP, past the product.</summary>
public static class SipOptions
{
    /// <param name="server">Who is asked.</param>
    /// <param name="patience">How long an answer is waited for. Nothing is sent again.</param>
    /// <param name="callId">Of the request.</param>
    /// <param name="from">The address that asks, 127.0.0.1 when none is given.</param>
    /// <returns>The status of the answer; null when there was none in time, or nobody listens.</returns>
    public static async Task<int?> AskAsync(IPEndPoint server, TimeSpan patience, string callId = "asked-by-a-test", IPAddress? from = null)
    {
        using var deadline = new CancellationTokenSource(patience);
        using var socket = new UdpClient(new IPEndPoint(from ?? IPAddress.Loopback, 0));
        socket.Connect(server);
        try
        {
            await socket.SendAsync(Request(server, socket.Client.LocalEndPoint!, callId), deadline.Token).ConfigureAwait(false);
            var answer = await socket.ReceiveAsync(deadline.Token).ConfigureAwait(false);

            // "SIP/2.0 200 OK"
            return int.Parse(Encoding.ASCII.GetString(answer.Buffer, 8, 3), CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Asks until the answer is the one that is waited for.</summary>
    /// <exception cref="TimeoutException">It was not in time.</exception>
    public static async Task WaitForAsync(IPEndPoint server, int status, TimeSpan timeout)
    {
        var begun = Stopwatch.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(20);
        for (var last = await AskAsync(server, pause * 5).ConfigureAwait(false); last != status; last = await AskAsync(server, pause * 5).ConfigureAwait(false))
        {
            if (Stopwatch.GetElapsedTime(begun) > timeout)
            {
                throw new TimeoutException($"{server} answers {last?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}, not {status}.");
            }

            await Task.Delay(pause).ConfigureAwait(false);
        }
    }

    private static byte[] Request(EndPoint server, EndPoint from, string callId) => Encoding.ASCII.GetBytes(string.Join("\r\n",
        $"OPTIONS sip:{server} SIP/2.0",
        $"Via: SIP/2.0/UDP {from};branch=z9hG4bK{Guid.NewGuid():N}",
        $"From: <sip:{from}>;tag=1",
        $"To: <sip:{server}>",
        $"Call-ID: {callId}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
        "",
        ""));
}
