using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Push.Rpc;

namespace KamRpcDispatcher.Push;

/// <summary>Reads the result of <c>dispatcher.list</c>: <c>RECORDS[].SET.{ID, TARGETS[].DEST.{URI, FLAGS, PRIORITY, ATTRS.BODY}}</c>.</summary>
internal static class DispatcherListReader
{
    /// <exception cref="KamailioGarbledReplyException">It has another shape.</exception>
    public static IReadOnlyList<ListedDestination> Read(JsonElement result)
    {
        try
        {
            var destinations = new List<ListedDestination>();
            foreach (var set in Nested(result, "RECORDS", "SET"))
            {
                var id = Integer(set, "ID") ?? throw new KamailioGarbledReplyException("a set of the dispatcher list has no ID");
                destinations.AddRange(Nested(set, "TARGETS", "DEST").Select(destination => ReadDestination(id, destination)));
            }

            return destinations;
        }
        catch (InvalidOperationException exception)
        {
            // What System.Text.Json throws for a string that it cannot decode; every kind of value is checked before it is read.
            throw new KamailioGarbledReplyException("a string of the dispatcher list is not valid UTF-8", exception);
        }
    }

    private static ListedDestination ReadDestination(int set, JsonElement destination)
    {
        var uri = Text(destination, "URI") ?? throw new KamailioGarbledReplyException("a destination of the dispatcher list has no URI");
        var flags = Text(destination, "FLAGS") ?? string.Empty;
        ListedState? state = flags switch
        {
            ['A', ..] => ListedState.Active,
            ['I', ..] => ListedState.Inactive,
            ['D', ..] => ListedState.Disabled,
            ['T', ..] => ListedState.Trying,
            _ => null,
        };
        var attributes = destination.TryGetProperty("ATTRS", out var attrs) && attrs.ValueKind == JsonValueKind.Object ? Text(attrs, "BODY") : null;
        return new ListedDestination(
            set,
            uri,
            state ?? throw new KamailioGarbledReplyException($"the dispatcher list shows '{MemberRules.Shorten(flags)}' as flags of {MemberRules.Shorten(uri)}"),
            flags is [_, 'P', ..],
            Integer(destination, "PRIORITY") ?? 0,
            attributes ?? string.Empty);
    }

    /// <summary>The members called <paramref name="name"/> of every object in <paramref name="list"/>, which is an array or, with one entry, may be an object.</summary>
    private static IEnumerable<JsonElement> Nested(JsonElement parent, string list, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(list, out var entries))
        {
            throw new KamailioGarbledReplyException($"the dispatcher list has no {list}");
        }

        IEnumerable<JsonElement> objects = entries.ValueKind switch
        {
            JsonValueKind.Array => entries.EnumerateArray(),
            JsonValueKind.Object => [entries],
            JsonValueKind.Null => [],
            _ => throw new KamailioGarbledReplyException($"the {list} of the dispatcher list are no list"),
        };
        foreach (var entry in objects)
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                throw new KamailioGarbledReplyException($"the {list} of the dispatcher list hold something else than objects");
            }

            foreach (var property in entry.EnumerateObject().Where(property => property.NameEquals(name)))
            {
                yield return property.Value.ValueKind == JsonValueKind.Object
                    ? property.Value
                    : throw new KamailioGarbledReplyException($"a {name} of the dispatcher list is no object");
            }
        }
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Integer(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
