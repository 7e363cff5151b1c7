using System.Buffers;
using System.IO.Pipelines;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Transports;

/// <summary>Messages out of a stream of bytes, which come in pieces of any length, and several at once.</summary>
/// <param name="input">Where replies come from.</param>
/// <param name="connection">Where requests go; closed with this.</param>
/// <param name="framing">Finds the ends of replies.</param>
/// <param name="maxLength">Of a reply.</param>
/// <param name="formatter">Reads and writes them.</param>
internal class StreamMessageHandler(PipeReader input, Stream connection, IFraming framing, int maxLength, IJsonRpcMessageFormatter formatter)
    : RpcMessageHandler(formatter)
{
    private readonly ArrayBufferWriter<byte> _request = new();

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (framing.Find(read.Buffer) is { } end)
            {
                JsonRpcMessage reply;
                try
                {
                    reply = Formatter.Deserialize(read.Buffer.Slice(0, end));
                }
                finally
                {
                    input.AdvanceTo(end);
                }

                if (reply is UnmatchedReply)
                {
                    continue;
                }

                return reply;
            }

            if (read.Buffer.Length > maxLength)
            {
                throw new KamailioMalformedReplyException($"it is longer than the {maxLength} bytes that are taken");
            }

            if (read.IsCompleted)
            {
                return HasBegun(read.Buffer) ? throw new KamailioMalformedReplyException($"it ends after {read.Buffer.Length} bytes, in the middle") : null;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    protected override ValueTask SendAsync(JsonRpcMessage request, CancellationToken cancellationToken)
    {
        _request.ResetWrittenCount();
        Formatter.Serialize(_request, request);
        return WriteAsync(_request.WrittenMemory, cancellationToken);
    }

    protected virtual ValueTask WriteAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken) => connection.WriteAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>White space between messages is nothing.</summary>
    private static bool HasBegun(ReadOnlySequence<byte> buffer)
    {
        foreach (var segment in buffer)
        {
            if (segment.Span.ContainsAnyExcept(" \t\r\n"u8))
            {
                return true;
            }
        }

        return false;
    }
}
