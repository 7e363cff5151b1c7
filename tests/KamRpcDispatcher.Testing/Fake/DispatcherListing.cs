using System.Text.Json;
using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>The answer to <c>dispatcher.list</c>, member by member as 5.6.3 gives it.</summary>
internal static class DispatcherListing
{
    /// <exception cref="RpcFault">The table is empty.</exception>
    public static JsonObject Of(DispatcherTable table)
    {
        var sets = table.Destinations.GroupBy(destination => destination.Set).ToList();
        return sets.Count == 0 ? throw new RpcFault("No Destination Sets") : new JsonObject
        {
            ["NRSETS"] = sets.Count,
            ["RECORDS"] = new JsonArray([.. sets.Select(set => new JsonObject
            {
                ["SET"] = new JsonObject
                {
                    ["ID"] = set.Key,
                    ["TARGETS"] = new JsonArray([.. set.Select(Target)]),
                },
            })]),
        };
    }

    /// <summary>Reads such an answer.</summary>
    public static IReadOnlyList<FakeDestination> Read(JsonElement answer) =>
    [
        .. from record in answer.GetProperty("RECORDS").EnumerateArray()
           let set = record.GetProperty("SET")
           from target in set.GetProperty("TARGETS").EnumerateArray()
           let destination = target.GetProperty("DEST")
           select new FakeDestination(
               set.GetProperty("ID").GetInt32(),
               destination.GetProperty("URI").GetString()!,
               destination.GetProperty("FLAGS").GetString()!,
               destination.GetProperty("PRIORITY").GetInt32(),
               destination.TryGetProperty("ATTRS", out var attrs) ? attrs.GetProperty("BODY").GetString() : null),
    ];

    private static JsonObject Target(FakeDestination destination)
    {
        var target = new JsonObject
        {
            ["URI"] = destination.Uri,
            ["FLAGS"] = destination.Flags,
            ["PRIORITY"] = destination.Priority,
        };
        if (destination.Attrs is { } attrs)
        {
            target["ATTRS"] = Attributes(attrs);
        }

        return new JsonObject { ["DEST"] = target };
    }

    private static JsonObject Attributes(string body)
    {
        var values = body.Split(';').Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(pairs => pairs.Key, pairs => pairs.Last()[1]);
        return new JsonObject
        {
            ["BODY"] = body,
            ["DUID"] = values.GetValueOrDefault("duid"),
            ["MAXLOAD"] = Number(values, "maxload"),
            ["WEIGHT"] = Number(values, "weight"),
            ["RWEIGHT"] = Number(values, "rweight"),
            ["SOCKET"] = values.GetValueOrDefault("socket"),
            ["SOCKNAME"] = values.GetValueOrDefault("sockname"),
            ["OBPROXY"] = values.GetValueOrDefault("obproxy"),
        };
    }

    private static int Number(Dictionary<string, string> values, string name) =>
        int.TryParse(values.GetValueOrDefault(name), out var number) ? number : 0;
}
