using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using KamailioRpc.Errors;
using KamailioRpc.Json;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Binrpc;

/// <summary>Reads the records of a BINRPC reply, and writes them as JSON.</summary>
/// <remarks>
/// ctl writes a list of named values, such as the sets in <c>dispatcher.list</c>, as a structure in which a name comes again and again, and so it
/// becomes an object in which it does; jsonrpcs writes an array of objects with one member each.
/// </remarks>
internal ref struct BinrpcReader
{
    /// <summary>No deeper than in JSON, so that no reply can use up the stack.</summary>
    private const int MaxDepth = JsonReply.MaxDepth;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,

        // A named value in an array takes two levels.
        MaxDepth = 2 * (MaxDepth + 1),

        // What is written is right by construction; the validation would cost as much as the writing.
        SkipValidation = true,
    };

    private BinrpcRecords _records;

    /// <summary>What ctl sends for no text at all.</summary>
    private static ReadOnlySpan<byte> NullText => "<null string>"u8;

    private BinrpcReader(ReadOnlySpan<byte> records) => _records = new BinrpcRecords(records);

    /// <exception cref="KamailioMalformedReplyException">They are no records.</exception>
    public static RpcResult ReadResult(ReadOnlySpan<byte> records, int? replyLength = null)
    {
        var json = new ArrayBufferWriter<byte>(Math.Max(records.Length, 16));
        using (var writer = new Utf8JsonWriter(json, WriterOptions))
        {
            var reader = new BinrpcReader(records);
            var count = new BinrpcReader(records).CountValues();
            if (records.IsEmpty)
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            }
            else if (count == 1)
            {
                reader.CopyValue(writer, reader._records.Read(), depth: 0);
            }
            else
            {
                writer.WriteStartArray();
                while (!reader._records.IsEmpty)
                {
                    reader.CopyValue(writer, reader._records.Read(), depth: 1);
                }

                writer.WriteEndArray();
            }
        }

        return new RpcResult(json.WrittenMemory, replyLength);
    }

    /// <summary>Reads a fault: its code and its message.</summary>
    /// <exception cref="KamailioMalformedReplyException">They are something else.</exception>
    public static JsonRpcError.ErrorDetail ReadFault(ReadOnlySpan<byte> records)
    {
        var reader = new BinrpcReader(records);
        var code = reader._records.Read();
        var message = reader._records.Read();
        return code.Type == BinrpcType.Integer && message.Type == BinrpcType.Text
            ? new JsonRpcError.ErrorDetail { Code = (JsonRpcErrorCode)BinrpcRecords.Integer(code.Value), Message = Encoding.UTF8.GetString(message.Value) }
            : throw new KamailioMalformedReplyException("its fault has no code or no message");
    }

    /// <summary>Counts the values that stand side by side, without decoding them.</summary>
    private int CountValues()
    {
        var count = 0;
        var depth = 0;
        while (!_records.IsEmpty)
        {
            var record = _records.Read();
            depth += record.IsStart ? 1 : record.IsEnd ? -1 : 0;
            count += depth == 0 && !record.IsName ? 1 : 0;
        }

        return count;
    }

    private void CopyValue(Utf8JsonWriter writer, BinrpcRecord record, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new KamailioMalformedReplyException($"it nests deeper than {MaxDepth}");
        }

        switch (record.Type)
        {
            case BinrpcType.Integer:
                writer.WriteNumberValue(BinrpcRecords.Integer(record.Value));
                break;
            case BinrpcType.Double:
                CopyDouble(writer, BinrpcRecords.Long(record.Value));
                break;
            case BinrpcType.Text or BinrpcType.Bytes:
                CopyText(writer, record.Value);
                break;
            case BinrpcType.Structure when record.IsStart:
                writer.WriteStartObject();
                while (_records.Read() is var name && !(name.IsEnd && name.Type == BinrpcType.Structure))
                {
                    CopyMember(writer, name, depth);
                }

                writer.WriteEndObject();
                break;
            case BinrpcType.Array when record.IsStart:
                CopyArray(writer, depth);
                break;
            default:
                throw new KamailioMalformedReplyException($"a record of type {(int)record.Type} stands where a value belongs");
        }
    }

    private void CopyMember(Utf8JsonWriter writer, BinrpcRecord name, int depth)
    {
        if (!name.IsName)
        {
            throw new KamailioMalformedReplyException("a value in a structure has no name");
        }

        if (Utf8.IsValid(name.Value))
        {
            writer.WritePropertyName(name.Value);
        }
        else
        {
            writer.WritePropertyName(Encoding.UTF8.GetString(name.Value));
        }

        CopyValue(writer, _records.Read(), depth + 1);
    }

    private void CopyArray(Utf8JsonWriter writer, int depth)
    {
        writer.WriteStartArray();
        while (_records.Read() is var entry && !(entry.IsEnd && entry.Type == BinrpcType.Array))
        {
            if (entry.IsName)
            {
                writer.WriteStartObject();
                CopyMember(writer, entry, depth + 1);
                writer.WriteEndObject();
            }
            else
            {
                CopyValue(writer, entry, depth + 1);
            }
        }

        writer.WriteEndArray();
    }

    private static void CopyDouble(Utf8JsonWriter writer, long thousandths)
    {
        // A whole number is written as one: Kamailio has no other way to send what has more than 32 bits.
        if (thousandths % 1000 == 0)
        {
            writer.WriteNumberValue(thousandths / 1000);
        }
        else
        {
            writer.WriteNumberValue(thousandths / 1000m);
        }
    }

    private static void CopyText(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual(NullText))
        {
            writer.WriteNullValue();
        }
        else if (Utf8.IsValid(text))
        {
            writer.WriteStringValue(text);
        }
        else
        {
            // As jsonrpcs would write it: what reads the text sees what it is, and can tell two of them apart.
            writer.WriteRawValue(Quote(text), skipInputValidation: true);
        }
    }

    private static ReadOnlySpan<byte> Quote(ReadOnlySpan<byte> text)
    {
        var quoted = new ArrayBufferWriter<byte>(text.Length + 16);
        quoted.Write("\""u8);
        foreach (ref readonly var letter in text)
        {
            switch (letter)
            {
                case (byte)'"' or (byte)'\\':
                    quoted.Write([(byte)'\\', letter]);
                    break;
                case < (byte)' ':
                    quoted.Write("\\u00"u8);
                    quoted.Write([(byte)"01"[letter >> 4], (byte)"0123456789abcdef"[letter & 0xF]]);
                    break;
                default:
                    quoted.Write([letter]);
                    break;
            }
        }

        quoted.Write("\""u8);
        return quoted.WrittenSpan;
    }
}
