using System.Buffers;
using System.Net.Http.Headers;
using System.Threading.Channels;
using KamailioRpc.Json;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Transports;

/// <summary>A request is a POST, and a reply its answer.</summary>
internal sealed class HttpPostHandler(HttpClient http, KamailioAddress address, int maxReplyLength) : MessageHandlerBase(new JsonRpcFormatter())
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly CancellationTokenSource _life = new();
    private readonly Channel<ReadOnlySequence<byte>> _replies = Channel.CreateUnbounded<ReadOnlySequence<byte>>();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken) =>
        Formatter.Deserialize(await _replies.Reader.ReadAsync(cancellationToken).ConfigureAwait(false));

    protected override async ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        var json = new ArrayBufferWriter<byte>();
        Formatter.Serialize(json, content);
        using var request = new HttpRequestMessage(HttpMethod.Post, address.Url) { Content = new ReadOnlyMemoryContent(json.WrittenMemory) };
        request.Content.Headers.ContentType = Json;
        try
        {
            // Cancelled with the connection, which is given up with a call that takes too long.
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _life.Token).ConfigureAwait(false);
            var body = await ReadAsync(answer.Content, _life.Token).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode && !IsObject(body))
            {
                throw new KamailioUnreachableException(
                    address,
                    $"it answers {(int)answer.StatusCode} {answer.ReasonPhrase}: event_route[xhttp:request] does not give this request to jsonrpc_dispatch()",
                    null);
            }

            _replies.Writer.TryWrite(body);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            throw new KamailioUnreachableException(address, (exception.InnerException ?? exception).Message, exception);
        }
    }

    protected override ValueTask FlushAsync(CancellationToken cancellationToken) => default;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_life.IsCancellationRequested)
        {
            _life.Cancel();
            http.Dispose();
        }

        base.Dispose(disposing);
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
                    throw new KamailioGarbledReplyException($"it is longer than the {maxReplyLength} octets that are taken");
                }
            }

            return new ReadOnlySequence<byte>(body.WrittenMemory);
        }
    }

    private static bool IsObject(ReadOnlySequence<byte> body) => body.FirstSpan.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
}
