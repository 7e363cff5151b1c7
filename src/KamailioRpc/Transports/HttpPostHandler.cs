using System.Buffers;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamailioRpc.Json;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Transports;

/// <summary>A request is a POST, and a reply its answer.</summary>
internal sealed class HttpPostHandler(HttpClient http, KamailioAddress address, int maxReplyLength) : RpcMessageHandler(new JsonRpcFormatter())
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>A connection carries one call at a time.</summary>
    private readonly Channel<Task<ReadOnlySequence<byte>>> _answers = Channel.CreateBounded<Task<ReadOnlySequence<byte>>>(1);

    /// <summary>As much is told of whom an answer says it is from.</summary>
    private const int LongestServer = 64;

    private bool _isDisposed;

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        var answer = await _answers.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var reply = Formatter.Deserialize(await answer.WaitAsync(cancellationToken).ConfigureAwait(false));
        return reply is not UnmatchedReply ? reply : throw new KamailioMalformedReplyException("it answers another request than the one it came to");
    }

    protected override ValueTask SendAsync(JsonRpcMessage request, CancellationToken cancellationToken)
    {
        var json = new ArrayBufferWriter<byte>();
        Formatter.Serialize(json, request);

        // Not waited for here: a connection that is given up is closed only when nothing is being written any more.
        return _answers.Writer.WriteAsync(PostAsync(json.WrittenMemory), cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            Abort();
            http.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<ReadOnlySequence<byte>> PostAsync(ReadOnlyMemory<byte> json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address.Url) { Content = new ReadOnlyMemoryContent(json) };
        request.Content.Headers.ContentType = Json;
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Life).ConfigureAwait(false);
            var body = await ReadAsync(answer.Content, Life).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode && !IsObject(body))
            {
                throw new KamailioUnreachableException(address, $"it answers {(int)answer.StatusCode} {answer.ReasonPhrase}: {Refusal(answer)}", null);
            }

            return body;
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.InvalidResponse)
        {
            // .NET's own words name neither side.
            throw new KamailioMalformedReplyException("what answers does not speak HTTP", exception);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            throw new KamailioUnreachableException(address, Reason(exception) + Advice(exception), exception);
        }
    }

    private async Task<ReadOnlySequence<byte>> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var body = new ArrayBufferWriter<byte>();
            while (await stream.ReadAsync(body.GetMemory(16 * 1024), cancellationToken).ConfigureAwait(false) is > 0 and var length)
            {
                body.Advance(length);
                if (body.WrittenCount > maxReplyLength)
                {
                    throw new KamailioMalformedReplyException($"it is longer than the {maxReplyLength} bytes that are taken");
                }
            }

            return new ReadOnlySequence<byte>(body.WrittenMemory);
        }
    }

    private string Reason(HttpRequestException exception) =>
        exception.GetBaseException() is SocketException socket && ResolvedConnection.Trouble(address.Host!, socket) is { } trouble ? trouble : exception.GetBaseException().Message.TrimEnd('.');

    /// <summary>Why a request is not carried out. Kamailio says who it is unless its configuration forbids that; the usual servers do too.</summary>
    private static string Refusal(HttpResponseMessage answer)
    {
        const string NotGiven = "event_route[xhttp:request] does not give this request to jsonrpc_dispatch()";
        var who = answer.Headers.TryGetValues("Server", out var servers) ? string.Concat(string.Join(' ', servers).Where(static c => c is >= ' ' and <= '~')) : string.Empty;
        return who.Contains("kamailio", StringComparison.OrdinalIgnoreCase) ? NotGiven
            : $"if Kamailio's xhttp is what answers there{(who.Length > 0 ? $", as {(who.Length > LongestServer ? who[..LongestServer] + "..." : who)}" : string.Empty)}, {NotGiven}; else it is the port of something else (2379 is etcd's)";
    }

    /// <summary>What to change, where TLS does not come about; what the system says of that names neither side.</summary>
    private static string Advice(HttpRequestException exception) =>
        exception.HttpRequestError != HttpRequestError.SecureConnectionError ? string.Empty
        : exception.GetBaseException() is AuthenticationException { Message: var message } && message.Contains("certificate", StringComparison.Ordinal) ? "; --kamailio-ca names a file with the certificates to trust"
        : "; where it listens without TLS, write http:// before it";

    private static bool IsObject(ReadOnlySequence<byte> body) => body.FirstSpan.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
}
