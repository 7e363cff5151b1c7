using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>The htable module with tables of the snippet. Not thread-safe.</summary>
internal sealed class FakeHashTable(IReadOnlyList<string> tables)
{
    private const int NotFound = 404;

    private readonly Dictionary<string, string> _items = new(StringComparer.Ordinal);

    /// <exception cref="RpcFault">Kamailio's answer is a fault.</exception>
    public JsonNode Execute(string method, RpcArguments arguments)
    {
        if (!tables.Contains(arguments.String(0)))
        {
            throw new RpcFault("No such htable");
        }

        var name = arguments.String(1);
        var key = $"{arguments.String(0)}/{name}";
        switch (method)
        {
            case "htable.get":
                return _items.TryGetValue(key, out var value)
                    ? new JsonObject { ["item"] = new JsonObject { ["name"] = name, ["value"] = value, ["flags"] = 2, ["expire"] = "NEVER" } }
                    : throw new RpcFault("Key name doesn't exist in htable.");
            case "htable.sets":
                _items[key] = arguments.String(2);
                return "Ok. Key set to new value.";
            case "htable.delete":
                return _items.Remove(key) ? "Ok. Key deleted." : throw new RpcFault("Key not found in htable.") { Code = NotFound };
            default:
                throw new RpcFault("Method Not Found");
        }
    }

    /// <summary>What a restart does.</summary>
    public void Clear() => _items.Clear();
}
