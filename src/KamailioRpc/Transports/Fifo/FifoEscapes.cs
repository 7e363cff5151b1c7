using System.Buffers;

namespace KamailioRpc.Transports.Fifo;

/// <summary>
/// Kamailio finds the end of a request on its FIFO by braces and quotes, and takes every quote behind a backslash for an escaped one, also the
/// one that ends a text whose last character is a backslash (jsonrpcs_fifo.c, jsonrpc_read_stream; seen on 5.6.3): neither that request nor any
/// after it would be answered, whoever sent it. So a backslash is written as <c>\u005c</c>.
/// </summary>
internal static class FifoEscapes
{
    private const byte Backslash = (byte)'\\';

    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOf("\\\\"u8) < 0)
        {
            return json;
        }

        var escaped = new ArrayBufferWriter<byte>(json.Length + 64);
        for (var rest = json.Span; !rest.IsEmpty;)
        {
            // An escape has two characters at least, so that what follows its first is not read as the start of another.
            var length = rest[0] == Backslash ? Math.Min(2, rest.Length) : 1;
            escaped.Write(length == 2 && rest[1] == Backslash ? "\\u005c"u8 : rest[..length]);
            rest = rest[length..];
        }

        return escaped.WrittenMemory;
    }
}
