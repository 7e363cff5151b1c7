using System.Buffers;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Binrpc;

/// <summary>BINRPC as Kamailio's ctl module speaks it. Results become JSON, so that they are read as those of the other protocol.</summary>
internal sealed class BinrpcFormatter(RequestIds ids) : IJsonRpcMessageFormatter
{
    private readonly ArrayBufferWriter<byte> _body = new();

    public BinrpcFormatter()
        : this(new RequestIds())
    {
    }

    /// <exception cref="KamailioMalformedReplyException">The bytes are not one BINRPC reply.</exception>
    public JsonRpcMessage Deserialize(ReadOnlySequence<byte> contentBuffer)
    {
        if (BinrpcHeader.Read(contentBuffer) is not { } header || contentBuffer.Length != header.MessageLength)
        {
            throw new KamailioMalformedReplyException(
                $"{contentBuffer.Length} bytes that are not one BINRPC message (over UDP from another machine ctl's longer replies come in pieces whose order is not known: use its TCP socket)");
        }

        var body = contentBuffer.Slice(header.Length);
        var records = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        JsonRpcMessage reply = header.Kind switch
        {
            BinrpcKind.Reply => new JsonRpcResult { Result = BinrpcReader.ReadResult(records, (int)contentBuffer.Length) },
            BinrpcKind.Fault => new JsonRpcError { Error = BinrpcReader.ReadFault(records) },
            _ => throw new KamailioMalformedReplyException($"it is a message of kind {(int)header.Kind}, no reply"),
        };
        if (ids.FromWire(header.Cookie) is not { } request)
        {
            return UnmatchedReply.Instance;
        }

        ((IJsonRpcMessageWithId)reply).RequestId = request;
        return reply;
    }

    public void Serialize(IBufferWriter<byte> bufferWriter, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            throw new NotSupportedException($"Kamailio takes requests, not {message.GetType().Name}.");
        }

        _body.ResetWrittenCount();
        BinrpcWriter.Write(_body, request.Method);
        foreach (var argument in request.ArgumentsList ?? [])
        {
            BinrpcWriter.Write(_body, argument);
        }

        BinrpcHeader.WriteRequest(bufferWriter, ids.ToWire(request.RequestId), _body.WrittenCount);
        bufferWriter.Write(_body.WrittenSpan);
    }

    public object GetJsonText(JsonRpcMessage message) => throw new NotSupportedException();
}
