using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>Reads a file of declarations, <c>{"owner":"git","sets":{"1":{"drain":["a"],"weights":{"b":50},"split":{"label":"version","shares":{"v1":95,"v2":5}}}}}</c>, and says in which line the first mistake is.</summary>
/// <remarks>A record in etcd may be of a newer version, and what is not known there is left out; what somebody has mistyped in a file would be in force nowhere, and so it is a mistake.</remarks>
public sealed class SiteFileReader
{
    /// <summary>The longest file read, in bytes.</summary>
    public const int MaxLength = 256 * 1024;

    private static readonly string[] OfFile = ["owner", "sets"];
    private static readonly string[] OfSet = ["drain", "weights", "split"];
    private static readonly string[] OfSplit = ["label", "shares"];

    private readonly ReadOnlyMemory<byte> _text;
    private readonly SortedDictionary<MemberKey, DeclaredMember> _members = [];
    private readonly List<DeclaredSplit> _splits = [];
    private string? _owner;

    /// <summary>Where the token that was read last begins.</summary>
    private long _position;

    private SiteFileReader(ReadOnlyMemory<byte> text) => _text = text;

    private delegate void Field(ref Utf8JsonReader reader, string name);

    private int Line => _text.Span[..(int)_position].Count((byte)'\n') + 1;

    /// <summary>Reads a file; <paramref name="error"/> begins with the line of what is wrong, and is safe to print.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> text, [NotNullWhen(true)] out SiteFile? file, [NotNullWhen(false)] out string? error)
    {
        file = null;
        if (text.Length > MaxLength)
        {
            error = $"it has more than {MaxLength} bytes";
            return false;
        }

        var reader = new SiteFileReader(text.Span.StartsWith("\uFEFF"u8) ? text["\uFEFF"u8.Length..] : text);
        try
        {
            file = reader.Read();
            error = null;
            return true;
        }
        catch (JsonException exception)
        {
            error = $"line {JsonFault.LineOf(exception)}: it is not JSON: {JsonFault.Of(exception, reader._text.Span)}";
        }
        catch (FormatException exception)
        {
            error = $"line {reader.Line}: {exception.Message}";
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for a string that it cannot decode; every token's kind was checked before it was read.
            error = $"line {reader.Line}: a string is not valid UTF-8";
        }

        return false;
    }

    private SiteFile Read()
    {
        var reader = new Utf8JsonReader(_text.Span);
        var hasSets = false;
        Next(ref reader);
        ReadObject(ref reader, "the file", (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "owner":
                    _owner = ReadText(ref inner, "owner");
                    Check(MemberValidation.CheckName(_owner) is { } wrong ? $"owner: {wrong}" : null);
                    break;
                case "sets":
                    hasSets = true;
                    ReadObject(ref inner, "sets", ReadSet);
                    break;
                default:
                    throw Unknown("the file", name, OfFile);
            }
        });

        // Who prunes by a file that says nothing would lose everything.
        Check(hasSets ? null : "sets is missing: {\"sets\":{}} declares nothing");
        Next(ref reader);
        return new SiteFile(_owner, [.. _members.Values], [.. _splits.OrderBy(static declared => declared.Split.Set)]);
    }

    private void ReadSet(ref Utf8JsonReader reader, string text)
    {
        Check(MemberKey.TryParse($"{text}/x", out var key, out var error) ? null : $"sets: {error}");
        var (set, what) = (key.Set, $"set {text}");
        ReadObject(ref reader, what, (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "drain":
                    ReadDrains(ref inner, set, $"{what}: drain");
                    break;
                case "weights":
                    ReadObject(ref inner, $"{what}: weights", (ref Utf8JsonReader value, string member) =>
                    {
                        var isNumber = value.TokenType == JsonTokenType.Number;
                        long weight = 0;
                        Check(isNumber && value.TryGetInt64(out weight) ? MemberValidation.CheckWeight(weight) is { } wrong ? $"{what}: weights: {SafeText.Shorten(member)}: {wrong}{(weight == 0 ? "; who is to get no new calls is drained" : string.Empty)}" : null
                            : $"{what}: weights: {SafeText.Shorten(member)}: it is not a whole number");
                        var declared = Declared(set, member, $"{what}: weights");
                        _members[declared.Key] = declared with { Weight = (int)weight };
                    });
                    break;
                case "split":
                    ReadSplit(ref inner, set, $"{what}: split");
                    break;
                default:
                    throw Unknown(what, name, OfSet);
            }
        });
    }

    private void ReadDrains(ref Utf8JsonReader reader, int set, string what)
    {
        Check(reader.TokenType == JsonTokenType.StartArray ? null : $"{what}: it is not an array of members' names");
        while (Next(ref reader) && reader.TokenType != JsonTokenType.EndArray)
        {
            var declared = Declared(set, ReadText(ref reader, what), what);
            Check(declared.IsDrained ? $"{what}: {declared.Key.Name} is there twice" : null);
            _members[declared.Key] = declared with { IsDrained = true };
        }
    }

    private void ReadSplit(ref Utf8JsonReader reader, int set, string what)
    {
        var line = Line;
        string? label = null;
        ImmutableSortedDictionary<string, int>? shares = null;
        ReadObject(ref reader, what, (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "label":
                    label = ReadText(ref inner, $"{what}: label");
                    break;
                case "shares":
                    shares = ReadShares(ref inner, $"{what}: shares");
                    break;
                default:
                    throw Unknown(what, name, OfSplit);
            }
        });
        Check(label is null ? $"{what}: label is missing"
            : shares is null ? $"{what}: shares is missing"
            : SplitRecord.Check(label, shares) is { } wrong ? $"{what}: {wrong}"
            : shares.Count == 1 ? $"{what}: it names two values at least: write the others too, those without calls with 0"
            : null);
        _splits.Add(new DeclaredSplit(new Split(set, label!, shares!), line));
    }

    private ImmutableSortedDictionary<string, int> ReadShares(ref Utf8JsonReader reader, string what)
    {
        var shares = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        ReadObject(ref reader, what, (ref Utf8JsonReader value, string name) =>
        {
            var share = 0;
            Check(value.TokenType == JsonTokenType.Number && value.TryGetDecimal(out var percent) && SplitRecord.TryShare(percent, out share)
                ? null
                : $"{what}: {SafeText.Shorten(name)}: it is not a percentage from 0 to 100 in steps of 0.1, such as 5 or 0.5");
            shares[name] = share;
        });
        return shares.ToImmutable();
    }

    private DeclaredMember Declared(int set, string name, string what)
    {
        Check(MemberValidation.CheckName(name) is { } wrong ? $"{what}: {wrong}" : null);
        var key = new MemberKey(set, name);
        return _members.TryGetValue(key, out var declared) ? declared : new DeclaredMember(key, IsDrained: false, null, Line);
    }

    private void ReadObject(ref Utf8JsonReader reader, string what, Field field)
    {
        Check(reader.TokenType == JsonTokenType.StartObject ? null : $"{what}: it is not an object, {{...}}");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (Next(ref reader) && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            Check(seen.Add(name) ? null : $"{what}: '{SafeText.Shorten(name)}' is there twice");
            Next(ref reader);
            field(ref reader, name);
        }
    }

    private bool Next(ref Utf8JsonReader reader)
    {
        var isThere = reader.Read();
        _position = isThere ? reader.TokenStartIndex : _position;
        return isThere;
    }

    private static string ReadText(ref Utf8JsonReader reader, string what) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new FormatException($"{what}: it is not a string");

    private static FormatException Unknown(string what, string name, string[] known) =>
        new($"{what}: there is no '{SafeText.Shorten(name)}'; there are {string.Join(", ", known.SkipLast(1))} and {known[^1]}");

    private static void Check(string? wrong)
    {
        if (wrong is not null)
        {
            throw new FormatException(wrong);
        }
    }
}
