using System.Buffers;
using KamailioRpc.Errors;

namespace KamailioRpc;

/// <summary>Finds where messages end in a stream of bytes.</summary>
internal interface IFraming
{
    /// <summary>
    /// Examines what has come since the last call. The position behind the message when it is whole, else null; what was found must be
    /// taken out of the buffer before the next call.
    /// </summary>
    /// <exception cref="KamailioMalformedReplyException">It is no message.</exception>
    SequencePosition? Find(ReadOnlySequence<byte> buffer);
}
