using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace KamailioRpc.Binrpc;

/// <summary>Writes the body of a request: the method and its arguments, one record each.</summary>
internal static class BinrpcWriter
{
    /// <summary>Lengths and integers up to here fit into the record's first byte.</summary>
    private const int LongestShort = 7;
    private const int HasLength = 8;

    public static void Write(IBufferWriter<byte> output, object? value)
    {
        switch (value)
        {
            case string text:
                WriteText(output, text);
                break;
            case int number:
                WriteInteger(output, unchecked((uint)number), BinrpcType.Integer);
                break;
            case long number when number is >= int.MinValue and <= int.MaxValue:
                WriteInteger(output, unchecked((uint)number), BinrpcType.Integer);
                break;
            case bool flag:
                WriteInteger(output, flag ? 1u : 0u, BinrpcType.Integer);
                break;
            case double number when Math.Abs(number) < long.MaxValue / 1000.0:
                WriteInteger(output, unchecked((ulong)(long)Math.Round(number * 1000)), BinrpcType.Double);
                break;
            default:
                throw new NotSupportedException(value is long or double
                    ? $"BINRPC cannot carry the number {value}."
                    : $"Kamailio takes no {value?.GetType().Name ?? "null"} as an argument.");
        }
    }

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new NotSupportedException("BINRPC ends a text at a zero byte, and this one has one inside.");
        }

        var length = Encoding.UTF8.GetByteCount(text) + 1;
        if (length <= LongestShort)
        {
            WriteByte(output, (length << 4) | (int)BinrpcType.Text);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            var lengthBytes = Shortest((ulong)length, bytes);
            WriteByte(output, ((HasLength | lengthBytes.Length) << 4) | (int)BinrpcType.Text);
            output.Write(lengthBytes);
        }

        Encoding.UTF8.GetBytes(text, output);
        WriteByte(output, 0);
    }

    private static void WriteInteger(IBufferWriter<byte> output, ulong value, BinrpcType type)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        var shortest = Shortest(value, bytes);

        // An eighth byte sets the bit that means a separate length elsewhere; for this type Kamailio reads it as part of the number's.
        WriteByte(output, (shortest.Length << 4) | (int)type);
        output.Write(shortest);
    }

    private static ReadOnlySpan<byte> Shortest(ulong value, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes.TrimStart((byte)0);
    }

    private static void WriteByte(IBufferWriter<byte> output, int next)
    {
        output.GetSpan(1)[0] = (byte)next;
        output.Advance(1);
    }
}
