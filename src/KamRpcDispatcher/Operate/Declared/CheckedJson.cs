using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>Reads JSON that somebody has written by hand, and goes on behind each mistake, so that all are told at once.</summary>
/// <param name="text">The JSON, in UTF-8.</param>
internal sealed class CheckedJson(ReadOnlyMemory<byte> text)
{
    private readonly List<string> _errors = [];

    /// <summary>Where the token that was read last begins.</summary>
    private long _position;

    /// <summary>Reads the value of a field, or throws a <see cref="FormatException"/>.</summary>
    public delegate void Field(ref Utf8JsonReader reader, string name);

    /// <summary>Reads all of it.</summary>
    public delegate T Whole<out T>(ref Utf8JsonReader reader);

    /// <summary>The mistakes so far, each with its line; safe to print.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>The line of the token that was read last.</summary>
    public int Line => text.Span[..(int)_position].Count((byte)'\n') + 1;

    /// <summary>Reads all of it; null where that came to no end. What is wrong is in <see cref="Errors"/>.</summary>
    public T? Read<T>(Whole<T> whole)
        where T : class
    {
        var reader = new Utf8JsonReader(text.Span);
        try
        {
            return whole(ref reader);
        }
        catch (JsonException exception)
        {
            _errors.Add($"line {JsonFault.LineOf(exception)}: it is not JSON: {JsonFault.Of(exception, text.Span)}");
        }
        catch (FormatException exception)
        {
            Note(exception.Message);
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for a string that it cannot decode; every token's kind was checked before it was read.
            Note("a string is not valid UTF-8");
        }

        return null;
    }

    /// <summary>Reads an object, a field after the other.</summary>
    public void ReadObject(ref Utf8JsonReader reader, string what, Field field)
    {
        Check(reader.TokenType == JsonTokenType.StartObject ? null : $"{what}: it is not an object, {{...}}");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (Next(ref reader) && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            var isTwice = !seen.Add(name);
            if (isTwice)
            {
                Note($"{what}: '{SafeText.Shorten(name)}' is there twice");
            }

            Next(ref reader);
            if (isTwice)
            {
                reader.Skip();
                continue;
            }

            var beginning = reader;
            try
            {
                field(ref reader, name);
            }
            catch (FormatException exception)
            {
                GoOn(ref reader, beginning, exception.Message);
            }
        }
    }

    /// <summary>Takes note of a mistake, and goes on behind the value that it is in.</summary>
    public void GoOn(ref Utf8JsonReader reader, Utf8JsonReader beginning, string wrong)
    {
        Note(wrong);
        reader = beginning;
        reader.Skip();
    }

    /// <summary>Goes to the next token.</summary>
    public bool Next(ref Utf8JsonReader reader)
    {
        var isThere = reader.Read();
        _position = isThere ? reader.TokenStartIndex : _position;
        return isThere;
    }

    /// <summary>Takes note of a mistake where the token is that was read last.</summary>
    private void Note(string wrong) => _errors.Add($"line {Line}: {wrong}");

    public static string ReadText(ref Utf8JsonReader reader, string what) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new FormatException($"{what}: it is not a string");

    public static FormatException Unknown(string what, string name, string[] known) =>
        new($"{what}: there is no '{SafeText.Shorten(name)}'; there are {string.Join(", ", known.SkipLast(1))} and {known[^1]}");

    public static void Check(string? wrong)
    {
        if (wrong is not null)
        {
            throw new FormatException(wrong);
        }
    }
}
