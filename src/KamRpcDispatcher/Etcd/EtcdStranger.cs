using System.Net;
using System.Text;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Who answers without TLS at an endpoint and is not etcd, told by the first bytes that come. What .NET says of them names nobody.</summary>
internal static class EtcdStranger
{
    private const string Instead = "give the address of etcd itself, its port is 2379 as a rule";

    /// <summary>Throws when the other side does not begin as HTTP/2 does.</summary>
    public static void ThrowIfNotHttp2(ReadOnlyMemory<byte> first)
    {
        if (Describe(first.Span) is { } stranger)
        {
            throw new IOException(stranger);
        }
    }

    /// <summary>Throws when a SIP server listens, which closes a connection that begins with something else.</summary>
    public static Task ThrowIfSipAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        var answer = Array.Empty<byte>();
        return ThrowAsync();

        async Task ThrowAsync()
        {
            await EtcdTls.GuessAsync(target, async (stream, token) =>
            {
                var host = target.ToString();
                var request = $"OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/TCP {stream.Socket.LocalEndPoint};branch=z9hG4bK-kamrpc\r\nMax-Forwards: 0\r\nFrom: <sip:kamrpc@{host}>;tag=kamrpc\r\nTo: <sip:{host}>\r\n"
                    + "Call-ID: kamrpc\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(request), token).ConfigureAwait(false);
                var buffer = new byte[64];
                answer = buffer[..await stream.ReadAsync(buffer, token).ConfigureAwait(false)];
            }, cancellationToken).ConfigureAwait(false);
            if (answer.AsSpan().StartsWith("SIP/"u8))
            {
                throw new IOException(Describe(answer));
            }
        }
    }

    /// <summary>Null when it may be etcd.</summary>
    internal static string? Describe(ReadOnlySpan<byte> first)
    {
        // HTTP/2 begins with a frame of settings, whose length stands first, in three bytes: it is never so long that the first one is not 0.
        if (first is [] or [0, ..])
        {
            return null;
        }

        if (first[0] is EtcdTls.AlertRecord or EtcdTls.HandshakeRecord)
        {
            return EtcdTls.Spoken;
        }

        var text = Encoding.Latin1.GetString(first);
        var line = text.Split('\r', '\n')[0];
        return text.StartsWith("SIP/", StringComparison.Ordinal) ? $"a SIP server answers there, not etcd: {Instead}"
            : text.StartsWith("HTTP/", StringComparison.Ordinal) ? text.Contains("HTTPS", StringComparison.Ordinal) ? EtcdTls.Spoken : $"what answers there speaks HTTP/1 only, so it is not where etcd takes clients: {Instead}"
            : $"what answers there is not etcd, it says '{MemberRules.Shorten(line)}': {Instead}";
    }
}
