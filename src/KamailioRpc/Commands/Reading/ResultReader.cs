using System.Text.Json;
using KamailioRpc.Errors;

namespace KamailioRpc.Commands.Reading;

/// <summary>Reads small results, whose members are few.</summary>
internal static class ResultReader
{
    /// <summary>Reads one object.</summary>
    /// <exception cref="KamailioMalformedReplyException">It is none, or <paramref name="read"/> misses something.</exception>
    public static T ReadObject<T>(RpcResult result, string method, Func<JsonElement, T> read)
    {
        var element = result.ToElement();
        return element.ValueKind == JsonValueKind.Object ? Read(element, method, read) : throw Malformed(method);
    }

    /// <summary>Reads a list; over BINRPC one with a single entry is that entry, and one without any an empty object.</summary>
    /// <exception cref="KamailioMalformedReplyException">An entry is not what <paramref name="read"/> reads.</exception>
    public static IReadOnlyList<T> ReadList<T>(RpcResult result, string method, Func<JsonElement, T> read)
    {
        var element = result.ToElement();
        return element.ValueKind switch
        {
            JsonValueKind.Array => [.. element.EnumerateArray().Select(entry => Read(entry, method, read))],
            JsonValueKind.Object when element.GetPropertyCount() == 0 => [],
            _ => [Read(element, method, read)],
        };
    }

    private static T Read<T>(JsonElement element, string method, Func<JsonElement, T> read)
    {
        try
        {
            return read(element);
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // What System.Text.Json throws for another kind of value, a missing member, a number out of range.
            throw Malformed(method, exception);
        }
    }

    private static KamailioMalformedReplyException Malformed(string method, Exception? exception = null) => new($"the answer to {method} has another shape", exception);
}
