using System.Net;
using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection.Security;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>Who answers without TLS at an endpoint and is not etcd, told by the first bytes that come. What .NET says of them names nobody.</summary>
internal static class EtcdStranger
{
    private const string Instead = "give the address of etcd itself, its port is 2379 as a rule";

    /// <summary>As much as tells who it is, in bytes.</summary>
    private const int Enough = 512;

    /// <summary>A stranger sends what it has to say at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    /// <summary>Throws when the other side does not begin as HTTP/2 does.</summary>
    /// <param name="stream">Where it goes on.</param>
    /// <param name="first">What came first: the first 16 bytes, as .NET asks for them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task ThrowIfNotHttp2Async(Stream stream, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        if (Describe(first.Span) is null)
        {
            return;
        }

        var begin = new byte[Enough];
        var length = Math.Min(first.Length, Enough);
        first[..length].CopyTo(begin);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            length += await stream.ReadAtLeastAsync(begin.AsMemory(length), Enough - length, throwOnEndOfStream: false, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // What has come is there.
            length = begin.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        }

        throw new IOException(Describe(begin.AsSpan(0, length)));
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
            : $"what answers there is not etcd, it says '{SafeText.Shorten(line)}': {Instead}";
    }
}
