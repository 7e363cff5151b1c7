using System.Buffers;
using KamailioRpc.Errors;

namespace KamailioRpc.Binrpc;

/// <summary>BINRPC tells the length of each message in its header.</summary>
/// <param name="maxLength">Of a message; a header that announces more is not waited for.</param>
internal sealed class BinrpcFraming(int maxLength) : IFraming
{
    public SequencePosition? Find(ReadOnlySequence<byte> buffer)
    {
        if (BinrpcHeader.Read(buffer) is not { } header)
        {
            return null;
        }

        if (header.MessageLength > maxLength)
        {
            throw new KamailioMalformedReplyException($"it announces {header.MessageLength} bytes, more than the {maxLength} that are taken");
        }

        return buffer.Length < header.MessageLength ? null : buffer.GetPosition(header.MessageLength);
    }
}
