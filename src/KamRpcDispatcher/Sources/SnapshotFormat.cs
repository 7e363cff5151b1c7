using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources;

/// <summary>A membership as the text of a file: a first line with the format and a checksum of what follows, then JSON.</summary>
/// <remarks>
/// The JSON is an object of <c>cluster</c>, <c>revision</c>, <c>etcd</c> (which one it is of; an earlier version did not say), <c>sources</c> (where not all is etcd's: objects of <c>name</c> and <c>sets</c>,
/// which source brought which; an earlier version did not say that either), <c>members</c> and <c>expired</c>; a member is an object of <c>set</c>,
/// <c>name</c>, <c>createdRevision</c> and <c>record</c>, its <see cref="MemberRecord"/>, and one that expired has <c>at</c> and <c>setSize</c> too, and <c>ofAnotherStore</c> where that is so.
/// Where operators wish something there is that too, see <see cref="SnapshotIntents"/> and <see cref="SnapshotShares"/>. Members stand there as they were announced. Equal memberships have equal text.
/// </remarks>
internal static class SnapshotFormat
{
    private const string Title = "kamrpc membership snapshot, format ";
    private const string Version = "1";

    // The first line has about 120 bytes; what has no line break by then is something else.
    private const int LongestFirstLine = 256;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(string cluster, Membership membership)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("cluster", cluster);
            writer.WriteNumber("revision", membership.Revision);
            if (membership.Store is { } store)
            {
                writer.WriteStartObject("etcd");
                writer.WriteString("clusterId", store.ClusterId.ToString("x16", CultureInfo.InvariantCulture));
                writer.WriteString("endpoints", store.Endpoints);
                writer.WriteEndObject();
            }

            WriteSources(writer, membership.Sources);
            writer.WriteStartArray("members");
            foreach (var member in membership.Members.OrderBy(static member => member.Key))
            {
                WriteMember(writer, member, null);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("expired");
            foreach (var expired in membership.Expired)
            {
                WriteMember(writer, expired.Member, expired);
            }

            writer.WriteEndArray();
            SnapshotIntents.Write(writer, membership.Intents);
            SnapshotShares.Write(writer, membership.Shares);

            writer.WriteEndObject();
        }

        body.Write("\n"u8);
        return [.. FirstLine(body.WrittenSpan), .. body.WrittenSpan];
    }

    /// <summary>Reads what <see cref="Write"/> wrote, whole or not at all; a <see cref="FormatException"/> names what is wrong.</summary>
    public static Membership Read(string cluster, ReadOnlyMemory<byte> content)
    {
        var end = content.Span[..Math.Min(content.Length, LongestFirstLine)].IndexOf((byte)'\n');
        var line = end < 0 ? string.Empty : Encoding.Latin1.GetString(content.Span[..end]);
        if (!line.StartsWith(Title, StringComparison.Ordinal))
        {
            throw new FormatException($"it does not begin with a line '{Title.TrimEnd()} ...'");
        }

        var version = line[Title.Length..].Split(',')[0];
        if (version != Version)
        {
            throw new FormatException($"it is of format '{SafeText.Shorten(version)}', not {Version}: another version of kamrpc wrote it");
        }

        var body = content[(end + 1)..];
        if (!content.Span[..(end + 1)].SequenceEqual(FirstLine(body.Span)))
        {
            throw new FormatException("its checksum is not that of its content: it is damaged, cut short or was edited");
        }

        return ReadBody(cluster, body);
    }

    private static void WriteSources(Utf8JsonWriter writer, IReadOnlyDictionary<int, string> sources)
    {
        if (sources.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("sources");
        foreach (var source in sources.GroupBy(static pair => pair.Value, static pair => pair.Key, StringComparer.Ordinal).OrderBy(static source => source.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject();
            writer.WriteString("name", source.Key);
            writer.WriteStartArray("sets");
            foreach (var set in source.Order())
            {
                writer.WriteNumberValue(set);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteMember(Utf8JsonWriter writer, Member member, ExpiredMember? expired)
    {
        writer.WriteStartObject();
        writer.WriteNumber("set", member.Key.Set);
        writer.WriteString("name", member.Key.Name);
        writer.WriteNumber("createdRevision", member.CreatedRevision);
        if (expired is not null)
        {
            writer.WriteString("at", expired.At);
            writer.WriteNumber("setSize", expired.SetSize);
            if (expired.IsOfAnotherStore)
            {
                writer.WriteBoolean("ofAnotherStore", true);
            }
        }

        writer.WritePropertyName("record");
        writer.WriteRawValue(MemberRecord.Write(member));
        writer.WriteEndObject();
    }

    private static byte[] FirstLine(ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes($"{Title}{Version}, sha256 of the lines below: {Convert.ToHexStringLower(SHA256.HashData(body))}\n");

    private static Membership ReadBody(string cluster, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, ReaderOptions);
            var root = document.RootElement;
            var found = Field(root, "cluster", JsonValueKind.String).GetString()!;
            if (found != cluster)
            {
                throw new FormatException($"it is of the cluster '{SafeText.Shorten(found)}'");
            }

            var members = new SortedDictionary<MemberKey, Member>();
            foreach (var entry in Field(root, "members", JsonValueKind.Array).EnumerateArray())
            {
                var member = ReadMember(entry);
                if (!members.TryAdd(member.Key, member))
                {
                    throw new FormatException($"it has the member {member.Key} twice");
                }
            }

            return new Membership(Revision(root, "revision"), [.. members.Values], [])
            {
                Expired = [.. Field(root, "expired", JsonValueKind.Array).EnumerateArray().Select(ReadExpired)],
                Intents = SnapshotIntents.Read(root),
                Shares = root.TryGetProperty("shares", out _) ? SnapshotShares.Read(Field(root, "shares", JsonValueKind.Array)) : null,
                Sources = root.TryGetProperty("sources", out _) ? ReadSources(Field(root, "sources", JsonValueKind.Array)) : ImmutableSortedDictionary<int, string>.Empty,
                Store = root.TryGetProperty("etcd", out _) ? ReadStore(Field(root, "etcd", JsonValueKind.Object)) : null,
            };
        }
        catch (JsonException exception)
        {
            throw new FormatException($"it is not JSON of the kind expected: {JsonFault.Of(exception, body.Span)}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // What System.Text.Json throws for a string that it cannot decode; every kind of value was checked before it was read.
            throw new FormatException("a string in it is not valid UTF-8", exception);
        }
    }

    private static ImmutableSortedDictionary<int, string> ReadSources(JsonElement entries)
    {
        var sources = ImmutableSortedDictionary.CreateBuilder<int, string>();
        foreach (var entry in entries.EnumerateArray())
        {
            var name = Field(entry, "name", JsonValueKind.String).GetString()!;
            foreach (var set in Field(entry, "sets", JsonValueKind.Array).EnumerateArray())
            {
                if (set.ValueKind != JsonValueKind.Number || !set.TryGetInt32(out var number) || number < 0 || !sources.TryAdd(number, name))
                {
                    throw new FormatException($"a set of a source is not a number from 0 to {int.MaxValue}, or stands there twice");
                }
            }
        }

        return sources.ToImmutable();
    }

    private static StoreIdentity ReadStore(JsonElement entry) =>
        ulong.TryParse(Field(entry, "clusterId", JsonValueKind.String).GetString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            ? new StoreIdentity(id, Field(entry, "endpoints", JsonValueKind.String).GetString()!)
            : throw new FormatException("the cluster id of its etcd is not a hexadecimal number");

    private static ExpiredMember ReadExpired(JsonElement entry) =>
        Field(entry, "at", JsonValueKind.String).TryGetDateTimeOffset(out var at) && Field(entry, "setSize", JsonValueKind.Number).TryGetInt32(out var size) && size > 0
            ? new ExpiredMember(ReadMember(entry), at, size, TimeSpan.Zero) { IsOfAnotherStore = entry.TryGetProperty("ofAnotherStore", out var other) && other.ValueKind == JsonValueKind.True }
            : throw new FormatException("when a member expired, or from how large a set, cannot be read");

    private static Member ReadMember(JsonElement entry)
    {
        var key = ReadKey(entry, "a member");
        return MemberRecord.TryRead(key, Record(entry), out var member, out var error)
            ? member with { CreatedRevision = Revision(entry, "createdRevision") }
            : throw new FormatException($"the member {key} cannot be used: {error}");
    }

    internal static MemberKey ReadKey(JsonElement entry, string what)
    {
        if (!Field(entry, "set", JsonValueKind.Number).TryGetInt32(out var set) || set < 0)
        {
            throw new FormatException($"{what}'s set is not a number from 0 to {int.MaxValue}");
        }

        var name = Field(entry, "name", JsonValueKind.String).GetString()!;
        return MemberValidation.CheckName(name) is { } wrongName ? throw new FormatException(wrongName) : new MemberKey(set, name);
    }

    internal static byte[] Record(JsonElement entry) => JsonMarshal.GetRawUtf8Value(Field(entry, "record", JsonValueKind.Object)).ToArray();

    internal static long Revision(JsonElement of, string name) =>
        Field(of, name, JsonValueKind.Number).TryGetInt64(out var revision) && revision >= 0
            ? revision
            : throw new FormatException($"{name} is not a revision");

    internal static JsonElement Field(JsonElement of, string name, JsonValueKind kind) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : throw new FormatException($"{name} is missing, or of the wrong kind");
}
