using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Files;

/// <summary>What a file of members holds.</summary>
/// <param name="Members">Each once, in their order in the file.</param>
/// <param name="Ignored">What a newer version may understand and this one leaves out, with its place; safe to print.</param>
internal sealed record MemberFileContent(IReadOnlyList<Member> Members, IReadOnlyList<string> Ignored);

/// <summary>
/// Reads a JSON object of <c>members</c>, an array of objects of <c>set</c>, <c>name</c> and the fields of a <see cref="MemberRecord"/>. It is taken whole or not at all: half of
/// what was meant may be nobody. People write it: a state that there is not is a slip, where in etcd it is a newer announcer's. Pure.
/// </summary>
internal static class MemberFile
{
    /// <summary>The longest one read, in bytes; enough for some 100,000 members.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    private const string Members = "members";
    private const string Set = "set";
    private const string Name = "name";

    /// <summary>As much is told of what is left out: it may stand in every member.</summary>
    private const int MostIgnored = 10;

    private static readonly HashSet<string> Key = [Set, Name];

    private static readonly JsonDocumentOptions MemberOptions = new() { AllowDuplicateProperties = false };

    /// <exception cref="MemberFileException">It cannot be used.</exception>
    public static MemberFileContent Read(ReadOnlyMemory<byte> content)
    {
        // Editors of other systems write one.
        var text = content.Span.StartsWith("\uFEFF"u8) ? content["\uFEFF"u8.Length..] : content;
        var members = new Dictionary<MemberKey, (Member Member, long At)>();
        var ignored = new List<string>();
        try
        {
            Read(text, members, ignored);
        }
        catch (JsonException exception)
        {
            throw new MemberFileException((int)JsonFault.LineOf(exception), (int)(exception.BytePositionInLine ?? 0) + 1, $"{JsonFault.Of(exception, text.Span)}: it is not JSON, or not written to its end");
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for a string that it cannot decode; every kind of value was checked before it was read.
            throw new MemberFileException(1, 1, "a string in it is not valid UTF-8");
        }

        return new MemberFileContent([.. members.Values.Select(static one => one.Member)], ignored);
    }

    private static void Read(ReadOnlyMemory<byte> text, Dictionary<MemberKey, (Member Member, long At)> members, List<string> ignored)
    {
        var reader = new Utf8JsonReader(text.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw MemberFileException.At(text.Span, reader.TokenStartIndex, "it is JSON, but not an object; write {\"members\": [...]}");
        }

        var isThere = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (at, isMembers, name) = (reader.TokenStartIndex, reader.ValueTextEquals(Members), reader.GetString()!);
            reader.Read();
            if (!isMembers)
            {
                Ignore(ignored, text.Span, at, $"the field '{SafeText.Shorten(name)}' is not known");
                reader.Skip();
                continue;
            }

            if (isThere || reader.TokenType != JsonTokenType.StartArray)
            {
                throw MemberFileException.At(text.Span, at, isThere ? "members is there twice; make one array of both" : "members is not an array; write {\"members\": [...]}");
            }

            isThere = true;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = reader.TokenStartIndex;
                reader.Skip();
                Add(text, start, reader.BytesConsumed, members, ignored);
            }
        }

        // What follows the object is a fault of the JSON.
        while (reader.Read())
        {
        }

        if (!isThere)
        {
            throw MemberFileException.At(text.Span, 0, "members is missing; write {\"members\": [...]}");
        }
    }

    private static void Add(ReadOnlyMemory<byte> text, long start, long end, Dictionary<MemberKey, (Member Member, long At)> members, List<string> ignored)
    {
        var value = text[(int)start..(int)end];
        MemberKey? key = null;
        MemberReader? reader = null;
        if (!RecordJson.TryRead(value, MemberRecord.MaxLength, MemberOptions, ReadMember, out var member, out var error))
        {
            var whose = key is { } known ? $"member {known}: " : string.Empty;
            throw MemberFileException.At(text.Span, start + FieldOf(value.Span, error), $"{whose}{error}");
        }

        if (!members.TryAdd(member.Key, (member, start)))
        {
            var first = MemberFileException.At(text.Span, members[member.Key].At, string.Empty).Line;
            throw MemberFileException.At(text.Span, start, FormattableString.Invariant($"member {member.Key} is there twice, first in line {first}; give one of them another name, or take it out"));
        }

        foreach (var remark in reader!.Remarks.Ignored)
        {
            Ignore(ignored, text.Span, start, $"member {member.Key}: {remark}");
        }

        Member ReadMember(JsonElement element)
        {
            var found = ReadKey(element);
            key = found;
            reader = new MemberReader(found, Key, takesNewStates: false);
            return reader.Read(element);
        }
    }

    private static MemberKey ReadKey(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("a member is not an object; write {\"set\": 1, \"name\": \"a\", \"uri\": \"sip:10.0.0.1:5060\"}");
        }

        if (!element.TryGetProperty(Set, out var set))
        {
            throw new FormatException("set is missing, the number of the member's set");
        }

        if (!element.TryGetProperty(Name, out var name))
        {
            throw new FormatException("name is missing, by which the member is known in its set");
        }

        if (set.ValueKind != JsonValueKind.Number || !set.TryGetInt32(out var number) || number < 0)
        {
            throw new FormatException($"set: '{SafeText.Shorten(set.GetRawText())}' is not a number from 0 to {int.MaxValue}");
        }

        return MemberKey.TryParse(FormattableString.Invariant($"{number}/{RecordFields.ReadText(Name, name)}"), out var key, out var error) ? key : throw new FormatException(error);
    }

    /// <summary>Where the field begins that the error names; where it names none, the member.</summary>
    private static long FieldOf(ReadOnlySpan<byte> value, string error)
    {
        try
        {
            var reader = new Utf8JsonReader(value);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (at, name) = (reader.TokenStartIndex, reader.GetString()!);
                if (error.StartsWith(name, StringComparison.Ordinal) || error.StartsWith($"the {name} ", StringComparison.Ordinal))
                {
                    return at;
                }

                reader.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The member itself, then.
        }

        return 0;
    }

    private static void Ignore(List<string> ignored, ReadOnlySpan<byte> text, long at, string remark)
    {
        if (ignored.Count < MostIgnored)
        {
            ignored.Add(MemberFileException.At(text, at, $"{remark}: left out").Message);
        }
    }
}
