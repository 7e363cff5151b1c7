using System.Text.Json;

namespace KamailioRpc.Commands;

/// <summary>
/// Reads <c>dispatcher.list</c>: <c>RECORDS[].SET.{ID, TARGETS[].DEST.{URI, FLAGS, PRIORITY, ATTRS, LATENCY, RUNTIME}}</c>. Straight from the
/// octets: lists have thousands of destinations.
/// </summary>
internal static class DispatcherListReader
{
    private delegate void EntryReader(ref Utf8JsonReader reader);

    /// <exception cref="KamailioGarbledReplyException">It has another shape.</exception>
    public static IReadOnlyList<DispatcherDestination> Read(RpcResult result)
    {
        try
        {
            var reader = new Utf8JsonReader(result.Json.Span);
            reader.Read();
            return ReadRoot(ref reader);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            // What Utf8JsonReader throws for another kind of value, for a string that it cannot decode, for a number out of range.
            throw new KamailioGarbledReplyException("the dispatcher list has another shape", exception);
        }
    }

    private static List<DispatcherDestination> ReadRoot(ref Utf8JsonReader reader)
    {
        var destinations = new List<DispatcherDestination>();
        var hasRecords = false;
        Expect(ref reader, JsonTokenType.StartObject, "the dispatcher list is no object");
        while (NextMember(ref reader))
        {
            if (reader.ValueTextEquals("RECORDS"u8))
            {
                reader.Read();
                hasRecords = true;
                ReadEntries(ref reader, "SET"u8, (ref set) => ReadSet(ref set, destinations));
            }
            else
            {
                SkipMember(ref reader);
            }
        }

        return hasRecords ? destinations : throw new KamailioGarbledReplyException("the dispatcher list has no RECORDS");
    }

    private static void ReadSet(ref Utf8JsonReader reader, List<DispatcherDestination> destinations)
    {
        int? id = null;
        var hasTargets = false;
        var isWaiting = false;
        var targets = reader;
        Expect(ref reader, JsonTokenType.StartObject, "a SET of the dispatcher list is no object");
        while (NextMember(ref reader))
        {
            if (reader.ValueTextEquals("ID"u8))
            {
                reader.Read();
                id = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("TARGETS"u8))
            {
                reader.Read();
                hasTargets = true;
                if (id is { } set)
                {
                    ReadTargets(ref reader, set, destinations);
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

        if (id is null || !hasTargets)
        {
            throw new KamailioGarbledReplyException("a SET of the dispatcher list has no ID or no TARGETS");
        }

        if (isWaiting)
        {
            ReadTargets(ref targets, id.Value, destinations);
        }
    }

    private static void ReadTargets(ref Utf8JsonReader reader, int set, List<DispatcherDestination> destinations) =>
        ReadEntries(ref reader, "DEST"u8, (ref destination) => destinations.Add(DestinationReader.Read(ref destination, set)));

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
            throw new KamailioGarbledReplyException(reason);
        }
    }
}
