using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using KamailioRpc.Errors;

namespace KamailioRpc.Binrpc;

/// <summary>
/// The header of a BINRPC message: magic and version, kind and lengths, the body's length in 1 to 4 bytes, a cookie in 1 to 4. Big endian.
/// </summary>
/// <param name="Kind">Request, reply or fault.</param>
/// <param name="Cookie">What a reply repeats from its request.</param>
/// <param name="Length">Of the header itself.</param>
/// <param name="BodyLength">Of what follows.</param>
internal readonly record struct BinrpcHeader(BinrpcKind Kind, uint Cookie, int Length, uint BodyLength)
{
    /// <summary>Two bytes, and at most four for each of length and cookie.</summary>
    public const int MaxLength = 10;

    private const byte MagicAndVersion = 0xA1;
    private const int FixedLength = 2;

    public long MessageLength => Length + (long)BodyLength;

    /// <summary>Null when more bytes are needed to know.</summary>
    /// <exception cref="KamailioMalformedReplyException">It is no header.</exception>
    public static BinrpcHeader? Read(ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        var length = (int)Math.Min(buffer.Length, MaxLength);
        buffer.Slice(0, length).CopyTo(bytes);
        bytes = bytes[..length];
        if (length > 0 && bytes[0] != MagicAndVersion)
        {
            throw new KamailioMalformedReplyException($"it starts with 0x{bytes[0]:x2}, not as BINRPC version 1");
        }

        if (length < FixedLength)
        {
            return null;
        }

        var bodyLengthLength = ((bytes[1] >> 2) & 3) + 1;
        var cookieLength = (bytes[1] & 3) + 1;
        var headerLength = FixedLength + bodyLengthLength + cookieLength;
        return length < headerLength
            ? null
            : new BinrpcHeader(
                (BinrpcKind)(bytes[1] >> 4),
                Integer(bytes.Slice(FixedLength + bodyLengthLength, cookieLength)),
                headerLength,
                Integer(bytes.Slice(FixedLength, bodyLengthLength)));
    }

    /// <summary>Writes the header of a request, as short as it can be.</summary>
    public static void WriteRequest(IBufferWriter<byte> output, uint cookie, int bodyLength)
    {
        Span<byte> numbers = stackalloc byte[2 * sizeof(uint)];
        var length = Shortest((uint)bodyLength, numbers[..sizeof(uint)]);
        var mark = Shortest(cookie, numbers[sizeof(uint)..]);
        output.Write([MagicAndVersion, (byte)(((int)BinrpcKind.Request << 4) | ((length.Length - 1) << 2) | (mark.Length - 1))]);
        output.Write(length);
        output.Write(mark);
    }

    /// <summary>Neither can be of no bytes.</summary>
    private static ReadOnlySpan<byte> Shortest(uint value, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes[Math.Min(BitOperations.LeadingZeroCount(value) / 8, sizeof(uint) - 1)..];
    }

    private static uint Integer(ReadOnlySpan<byte> bytes)
    {
        var value = 0u;
        foreach (var next in bytes)
        {
            value = (value << 8) | next;
        }

        return value;
    }
}
