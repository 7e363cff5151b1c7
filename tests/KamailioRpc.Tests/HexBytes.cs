using System.Buffers;

namespace KamailioRpc.Tests;

/// <summary>Octets in hexadecimal, and streams of them in pieces.</summary>
internal static class Octets
{
    public static byte[] Of(string hex) => Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal));

    public static string ToHex(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(octets);

    /// <summary>A sequence of segments of one octet each, the worst that a stream can do.</summary>
    public static ReadOnlySequence<byte> InPieces(byte[] octets)
    {
        if (octets.Length == 0)
        {
            return ReadOnlySequence<byte>.Empty;
        }

        var first = new Piece(octets.AsMemory(0, 1), null);
        var last = first;
        for (var i = 1; i < octets.Length; i++)
        {
            last = new Piece(octets.AsMemory(i, 1), last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, 1);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }
}
