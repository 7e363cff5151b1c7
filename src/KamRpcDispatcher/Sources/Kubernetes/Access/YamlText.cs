using System.Buffers;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>Makes JSON of YAML, so that its fields are read without reflection. Every scalar becomes a text, but for plain <c>true</c>, <c>false</c> and null.</summary>
internal static class YamlText
{
    /// <summary>Nothing that is read here nests deeper.</summary>
    private const int Deepest = 32;

    /// <exception cref="InvalidDataException">It is no YAML, or has aliases: the line is named.</exception>
    public static ReadOnlyMemory<byte> ToJson(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                throw new InvalidDataException("it is empty");
            }

            WriteNode(parser, writer, 0);
        }
        catch (YamlException malformed)
        {
            throw new InvalidDataException($"line {malformed.Start.Line}: {malformed.Message}", malformed);
        }

        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteNode(IParser parser, Utf8JsonWriter writer, int depth)
    {
        if (depth > Deepest)
        {
            throw new InvalidDataException($"line {parser.Current?.Start.Line}: it nests deeper than {Deepest} levels");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            WriteScalar(scalar, writer);
        }
        else if (parser.TryConsume<MappingStart>(out _))
        {
            writer.WriteStartObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                writer.WritePropertyName(parser.TryConsume<Scalar>(out var key) ? key.Value : throw Unusable(parser));
                WriteNode(parser, writer, depth + 1);
            }

            writer.WriteEndObject();
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            writer.WriteStartArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                WriteNode(parser, writer, depth + 1);
            }

            writer.WriteEndArray();
        }
        else
        {
            throw Unusable(parser);
        }
    }

    private static void WriteScalar(Scalar scalar, Utf8JsonWriter writer)
    {
        switch (scalar.IsPlainImplicit ? scalar.Value : null)
        {
            case "true":
                writer.WriteBooleanValue(true);
                break;
            case "false":
                writer.WriteBooleanValue(false);
                break;
            case "" or "null" or "~":
                writer.WriteNullValue();
                break;
            default:
                writer.WriteStringValue(scalar.Value);
                break;
        }
    }

    private static InvalidDataException Unusable(IParser parser) => new($"line {parser.Current?.Start.Line}: an alias, or a key that is no text, which kamrpc does not read");
}
