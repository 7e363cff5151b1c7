using KamailioRpc.Errors;

namespace KamailioRpc.Binrpc;

/// <summary>Takes the records of a BINRPC message apart, one after the other.</summary>
/// <param name="records">The records.</param>
internal ref struct BinrpcRecords(ReadOnlySpan<byte> records)
{
    private const int LengthBits = 7;
    private const int HasLength = 8;

    private ReadOnlySpan<byte> _rest = records;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public BinrpcRecord Read()
    {
        var first = Take(1)[0];
        var type = (BinrpcType)(first & 0xF);
        var length = (long)(first >> 4);
        var hasLength = false;
        if (type != BinrpcType.Double && (length & HasLength) != 0)
        {
            hasLength = true;
            length = Length(Take((int)length & LengthBits));
        }

        var value = Take(length);
        return type switch
        {
            // The end of both is told by a separate length of none.
            BinrpcType.Structure or BinrpcType.Array => new BinrpcRecord(type, value, IsStart: !hasLength, IsEnd: hasLength),
            BinrpcType.Text or BinrpcType.Name => new BinrpcRecord(type, WithoutZero(value), false, false),
            BinrpcType.Integer when value.Length > sizeof(int) => throw new KamailioMalformedReplyException($"an integer of it has {value.Length} bytes"),
            BinrpcType.Double when value.Length > sizeof(long) => throw new KamailioMalformedReplyException($"a number of it has {value.Length} bytes"),
            _ => new BinrpcRecord(type, value, false, false),
        };
    }

    private static ReadOnlySpan<byte> WithoutZero(ReadOnlySpan<byte> text) => text switch
    {
        [] => text,
        [.. var rest, 0] => rest,
        _ => throw new KamailioMalformedReplyException("a text of it has no zero at its end"),
    };

    private ReadOnlySpan<byte> Take(long length)
    {
        if (length > _rest.Length)
        {
            throw new KamailioMalformedReplyException("it ends in the middle of a record");
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public static int Integer(ReadOnlySpan<byte> bytes) => unchecked((int)Long(bytes));

    private static long Length(ReadOnlySpan<byte> bytes) =>
        bytes.Length <= sizeof(int) ? Long(bytes) : throw new KamailioMalformedReplyException($"a length of it has {bytes.Length} bytes");

    public static long Long(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        foreach (var next in bytes)
        {
            value = (value << 8) | next;
        }

        return value;
    }
}

/// <summary>One record: a value, a name, or the start or the end of what holds others.</summary>
internal readonly ref struct BinrpcRecord(BinrpcType type, ReadOnlySpan<byte> value, bool IsStart, bool IsEnd)
{
    public BinrpcType Type { get; } = type;

    public ReadOnlySpan<byte> Value { get; } = value;

    public bool IsStart { get; } = IsStart;

    public bool IsEnd { get; } = IsEnd;

    public bool IsName => Type == BinrpcType.Name;
}
