using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>Reads a file of declarations, <c>{"owner":"git","sets":{"1":{"drain":["a"],"weights":{"b":50},"split":{"label":"version","shares":{"v1":95,"v2":5}}}}}</c>, and says in which line each mistake is.</summary>
/// <remarks>A record in etcd may be of a newer version, and what is not known there is left out; what somebody has mistyped in a file would be in force nowhere, and so it is a mistake.</remarks>
public sealed class SiteFileReader
{
    /// <summary>The longest file read, in bytes.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>As many mistakes are told.</summary>
    private const int MostErrors = 20;

    private static readonly string[] OfFile = ["owner", "sets"];
    private static readonly string[] OfSet = ["drain", "weights", "split"];
    private static readonly string[] OfSplit = ["label", "shares"];

    private readonly CheckedJson _json;
    private readonly SortedDictionary<MemberKey, DeclaredMember> _members = [];
    private readonly List<DeclaredSplit> _splits = [];
    private string? _owner;

    private SiteFileReader(CheckedJson json) => _json = json;

    /// <summary>Reads a file; each of <paramref name="errors"/> begins with the line of what is wrong, and is safe to print: all that are found, where it is JSON.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> text, [NotNullWhen(true)] out SiteFile? file, out IReadOnlyList<string> errors)
    {
        file = null;
        if (text.Length > MaxLength)
        {
            errors = [$"it has more than {MaxLength} bytes"];
            return false;
        }

        var json = new CheckedJson(text.Span.StartsWith("\uFEFF"u8) ? text["\uFEFF"u8.Length..] : text);
        var read = json.Read<SiteFile>(new SiteFileReader(json).Read);
        errors = json.Errors.Count <= MostErrors ? json.Errors : [.. json.Errors.Take(MostErrors), $"and {json.Errors.Count - MostErrors} more"];
        file = errors.Count == 0 ? read : null;
        return file is not null;
    }

    private SiteFile Read(ref Utf8JsonReader reader)
    {
        var hasSets = false;
        _json.Next(ref reader);
        _json.ReadObject(ref reader, "the file", (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "owner":
                    _owner = CheckedJson.ReadText(ref inner, "owner");
                    CheckedJson.Check(MemberValidation.CheckName(_owner) is { } wrong ? $"owner: {wrong}" : null);
                    break;
                case "sets":
                    hasSets = true;
                    _json.ReadObject(ref inner, "sets", ReadSet);
                    break;
                default:
                    throw CheckedJson.Unknown("the file", name, OfFile);
            }
        });

        // Who prunes by a file that says nothing would lose everything.
        CheckedJson.Check(hasSets ? null : "sets is missing: {\"sets\":{}} declares nothing");
        _json.Next(ref reader);
        return new SiteFile(_owner, [.. _members.Values], [.. _splits.OrderBy(static declared => declared.Split.Set)]);
    }

    private void ReadSet(ref Utf8JsonReader reader, string text)
    {
        CheckedJson.Check(MemberKey.TryParse($"{text}/x", out var key, out var error) ? null : $"sets: {error}");
        var (set, what) = (key.Set, $"set {text}");
        _json.ReadObject(ref reader, what, (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "drain":
                    ReadDrains(ref inner, set, $"{what}: drain");
                    break;
                case "weights":
                    _json.ReadObject(ref inner, $"{what}: weights", (ref Utf8JsonReader value, string member) =>
                    {
                        var isNumber = value.TokenType == JsonTokenType.Number;
                        long weight = 0;
                        CheckedJson.Check(isNumber && value.TryGetInt64(out weight) ? MemberValidation.CheckWeight(weight) is { } wrong ? $"{what}: weights: {SafeText.Shorten(member)}: {wrong}{(weight == 0 ? "; who is to get no new calls is drained" : string.Empty)}" : null
                            : $"{what}: weights: {SafeText.Shorten(member)}: it is not a whole number");
                        var declared = Declared(set, member, $"{what}: weights");
                        _members[declared.Key] = declared with { Weight = (int)weight };
                    });
                    break;
                case "split":
                    ReadSplit(ref inner, set, $"{what}: split");
                    break;
                default:
                    throw CheckedJson.Unknown(what, name, OfSet);
            }
        });
    }

    private void ReadDrains(ref Utf8JsonReader reader, int set, string what)
    {
        CheckedJson.Check(reader.TokenType == JsonTokenType.StartArray ? null : $"{what}: it is not an array of members' names");
        while (_json.Next(ref reader) && reader.TokenType != JsonTokenType.EndArray)
        {
            var beginning = reader;
            try
            {
                var declared = Declared(set, CheckedJson.ReadText(ref reader, what), what);
                CheckedJson.Check(declared.IsDrained ? $"{what}: {declared.Key.Name} is there twice" : null);
                _members[declared.Key] = declared with { IsDrained = true };
            }
            catch (FormatException exception)
            {
                _json.GoOn(ref reader, beginning, exception.Message);
            }
        }
    }

    private void ReadSplit(ref Utf8JsonReader reader, int set, string what)
    {
        var (line, before) = (_json.Line, _json.Errors.Count);
        string? label = null;
        ImmutableSortedDictionary<string, int>? shares = null;
        _json.ReadObject(ref reader, what, (ref Utf8JsonReader inner, string name) =>
        {
            switch (name)
            {
                case "label":
                    label = CheckedJson.ReadText(ref inner, $"{what}: label");
                    break;
                case "shares":
                    shares = ReadShares(ref inner, $"{what}: shares");
                    break;
                default:
                    throw CheckedJson.Unknown(what, name, OfSplit);
            }
        });
        if (_json.Errors.Count > before)
        {
            // Whatever else is wrong with it may be so because of that.
            return;
        }

        CheckedJson.Check(label is null ? $"{what}: label is missing"
            : shares is null ? $"{what}: shares is missing"
            : SplitRecord.Check(label, shares) is { } wrong ? $"{what}: {wrong}"
            : shares.Count == 1 ? $"{what}: it names two values at least: write the others too, those without calls with 0"
            : null);
        _splits.Add(new DeclaredSplit(new Split(set, label!, shares!), line));
    }

    private ImmutableSortedDictionary<string, int> ReadShares(ref Utf8JsonReader reader, string what)
    {
        var shares = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        _json.ReadObject(ref reader, what, (ref Utf8JsonReader value, string name) =>
        {
            var share = 0;
            CheckedJson.Check(value.TokenType == JsonTokenType.Number && value.TryGetDecimal(out var percent) && SplitRecord.TryShare(percent, out share)
                ? null
                : $"{what}: {SafeText.Shorten(name)}: it is not a percentage from 0 to 100 in steps of 0.1, such as 5 or 0.5");
            shares[name] = share;
        });
        return shares.ToImmutable();
    }

    private DeclaredMember Declared(int set, string name, string what)
    {
        CheckedJson.Check(MemberValidation.CheckName(name) is { } wrong ? $"{what}: {wrong}" : null);
        var key = new MemberKey(set, name);
        return _members.TryGetValue(key, out var declared) ? declared : new DeclaredMember(key, IsDrained: false, null, _json.Line);
    }
}
