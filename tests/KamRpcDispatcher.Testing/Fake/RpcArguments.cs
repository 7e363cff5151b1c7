using System.Globalization;
using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// Parameters read as jsonrpcs reads them: by position, also from an object, whose names it ignores. A string where an
/// integer is wanted is 0 ("8" too), a fraction is cut off; a number where a string is wanted is a fault.
/// </summary>
internal sealed class RpcArguments
{
    private readonly JsonElement[] _values;

    public RpcArguments(JsonElement parameters) => _values = parameters.ValueKind switch
    {
        JsonValueKind.Array => [.. parameters.EnumerateArray()],
        JsonValueKind.Object => [.. parameters.EnumerateObject().Select(property => property.Value)],
        _ => [],
    };

    public int Count => _values.Length;

    /// <exception cref="RpcFault">The parameter is missing.</exception>
    public int Integer(int index) => At(index).ValueKind switch
    {
        JsonValueKind.Number => (int)At(index).GetDouble(),
        JsonValueKind.True => 1,
        _ => 0,
    };

    public int IntegerOr(int index, int missing) => index < Count ? Integer(index) : missing;

    /// <exception cref="RpcFault">The parameter is missing or not a string.</exception>
    public string String(int index) => At(index).ValueKind == JsonValueKind.String
        ? At(index).GetString()!
        : throw Invalid();

    public string? StringOrNull(int index) => index < Count ? String(index) : null;

    /// <summary>For the commands that take a number as its text (core.echo, a state).</summary>
    public string Text(int index) => At(index).ValueKind == JsonValueKind.Number
        ? Integer(index).ToString(CultureInfo.InvariantCulture)
        : String(index);

    private JsonElement At(int index) => index < Count ? _values[index] : throw Invalid();

    private static RpcFault Invalid() => new("Invalid Parameters");
}
