using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>An answer as one indented JSON object.</summary>
/// <remarks>
/// Answers are written field by field, not by a serializer: their shape is a promise to programs that must not follow from the names of properties, and much of it is reckoned while it is written.
/// </remarks>
internal static class JsonText
{
    public static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <summary>The same JSON as one line.</summary>
    public static string InOneLine(string json)
    {
        using var document = JsonDocument.Parse(json);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            document.RootElement.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <summary>A number, or null.</summary>
    public static void WriteNumber(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } there)
        {
            writer.WriteNumber(name, there);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>A number with one place, or null.</summary>
    public static void WriteNumber(Utf8JsonWriter writer, string name, double? number)
    {
        if (number is { } there)
        {
            writer.WriteNumber(name, Math.Round(there, 1));
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>A time, or null: whole seconds of UTC, as <c>jq</c> and others read them without more ado.</summary>
    public static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } there)
        {
            writer.WriteString(name, there.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>Yes, no, or null.</summary>
    public static void WriteBoolean(Utf8JsonWriter writer, string name, bool? value)
    {
        if (value is { } there)
        {
            writer.WriteBoolean(name, there);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>Writes an array of numbers.</summary>
    public static void WriteNumbers(Utf8JsonWriter writer, string name, IEnumerable<int> numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes an array of texts.</summary>
    public static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes an array of objects.</summary>
    public static void WriteArray<T>(Utf8JsonWriter writer, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
