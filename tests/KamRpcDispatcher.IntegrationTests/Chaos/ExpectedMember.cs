using System.Text.Json;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>A member as etcd holds it, read without the product's own reader.</summary>
internal sealed record ExpectedMember(int Set, string Uri, int? Weight, bool IsReady)
{
    /// <param name="path">The key below the members' prefix: "set/name".</param>
    /// <param name="value">The record.</param>
    public static ExpectedMember Read(string path, string value)
    {
        var record = JsonElement.Parse(value);
        return new ExpectedMember(
            int.Parse(path.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture),
            record.GetProperty("uri").GetString()!,
            record.TryGetProperty("weight", out var weight) ? weight.GetInt32() : null,
            !record.TryGetProperty("state", out var state) || state.GetString() == "ready");
    }
}
