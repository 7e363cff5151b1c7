using System.Text.Json;
using KamailioRpc.Errors;
using KamailioRpc.Json;

namespace KamailioRpc.Commands.Reading;

/// <summary>
/// Reads <c>dispatcher.list</c>: <c>RECORDS[].SET.{ID, TARGETS[].DEST.{URI, FLAGS, PRIORITY, ATTRS, LATENCY, RUNTIME}}</c>. Straight from the
/// bytes: lists have thousands of destinations. What is wrong with one entry costs no other: only a reply whose frame is another is none.
/// </summary>
internal static class DispatcherListReader
{
    private const string Id = "its set has an ID that is no number of 32 bits";

    private delegate void EntryReader(ref Utf8JsonReader reader);

    /// <exception cref="KamailioMalformedReplyException">It has another shape.</exception>
    public static DispatcherList Read(RpcResult result)
    {
        try
        {
            var reader = new Utf8JsonReader(result.Json.Span);
            reader.Read();
            var entries = new Entries(result.Json);
            ReadRoot(ref reader, entries);
            return new DispatcherList(entries.Destinations, entries.Unreadable, result.ReplyLength);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            // What Utf8JsonReader throws for another kind of value, for a string that it cannot decode, for a number out of range.
            throw new KamailioMalformedReplyException("the dispatcher list has another shape", exception);
        }
    }

    private static void ReadRoot(ref Utf8JsonReader reader, Entries entries)
    {
        var hasRecords = false;
        Expect(ref reader, JsonTokenType.StartObject, "the dispatcher list is no object");
        while (NextMember(ref reader))
        {
            if (reader.ValueTextEquals("RECORDS"u8))
            {
                reader.Read();
                hasRecords = true;
                ReadEntries(ref reader, "SET"u8, (ref set) => ReadSet(ref set, entries));
            }
            else
            {
                SkipMember(ref reader);
            }
        }

        if (!hasRecords)
        {
            throw new KamailioMalformedReplyException("the dispatcher list has no RECORDS");
        }
    }

    private static void ReadSet(ref Utf8JsonReader reader, Entries entries)
    {
        int? id = null;
        var hasId = false;
        var hasTargets = false;
        var isWaiting = false;
        var targets = reader;
        Expect(ref reader, JsonTokenType.StartObject, "a SET of the dispatcher list is no object");
        while (NextMember(ref reader))
        {
            if (reader.ValueTextEquals("ID"u8))
            {
                reader.Read();

                // The same twice is the same; another one leaves none.
                var read = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) ? number : (int?)null;
                reader.Skip();
                id = !hasId || id == read ? read : null;
                hasId = true;
            }
            else if (reader.ValueTextEquals("TARGETS"u8))
            {
                reader.Read();
                hasTargets = true;
                if (hasId)
                {
                    ReadTargets(ref reader, id, entries);
                }
                else
                {
                    // The set's number comes later: this copy reads them then.
                    isWaiting = true;
                    targets = reader;
                    reader.Skip();
                }
            }
            else
            {
                SkipMember(ref reader);
            }
        }

        if (!hasId || !hasTargets)
        {
            throw new KamailioMalformedReplyException("a SET of the dispatcher list has no ID or no TARGETS");
        }

        if (isWaiting)
        {
            ReadTargets(ref targets, id, entries);
        }
    }

    private static void ReadTargets(ref Utf8JsonReader reader, int? set, Entries entries) =>
        ReadEntries(ref reader, "DEST"u8, (ref destination) => ReadDestination(ref destination, set, entries));

    private static void ReadDestination(ref Utf8JsonReader reader, int? set, Entries entries)
    {
        var start = (int)reader.TokenStartIndex;
        var (destination, reason, uri) = DestinationReader.Read(ref reader, set ?? 0);
        if (set is not null && destination is not null)
        {
            entries.Destinations.Add(destination);
            return;
        }

        var text = uri is null ? LenientText.Shorten(entries.Json.Span[start..(int)reader.BytesConsumed]) : LenientText.Shorten(uri);
        entries.Unreadable.Add(new UnreadableEntry(set, text, reason ?? Id));
    }

    /// <summary>Reads what is called <paramref name="name"/> in every object of an array; with one entry the array may be that object, without any null.</summary>
    private static void ReadEntries(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, EntryReader read)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadEntry(ref reader, name, read);
            return;
        }

        Expect(ref reader, JsonTokenType.StartArray, "a list within the dispatcher list is none");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, JsonTokenType.StartObject, "a list within the dispatcher list holds something else than objects");
            ReadEntry(ref reader, name, read);
        }
    }

    private static void ReadEntry(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, EntryReader read)
    {
        while (NextMember(ref reader))
        {
            if (reader.ValueTextEquals(name))
            {
                reader.Read();
                read(ref reader);
            }
            else
            {
                SkipMember(ref reader);
            }
        }
    }

    /// <summary>Whether the object at which the reader is has one more member; the reader is at its name then.</summary>
    internal static bool NextMember(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    internal static void SkipMember(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    internal static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string reason)
    {
        if (reader.TokenType != token)
        {
            throw new KamailioMalformedReplyException(reason);
        }
    }

    /// <summary>What has been read.</summary>
    private sealed record Entries(ReadOnlyMemory<byte> Json)
    {
        public List<DispatcherDestination> Destinations { get; } = [];

        public List<UnreadableEntry> Unreadable { get; } = [];
    }
}
