using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>A member as etcd holds it, read without the product's own reader.</summary>
internal sealed record ExpectedMember(int Set, string Name, string Uri)
{
    /// <summary>An attribute that members change in Kamailio too.</summary>
    public const string MarkName = "rack";

    /// <summary>The label that sets are split by.</summary>
    public const string Label = "version";

    public string? Mark { get; init; }

    public int? Weight { get; init; }

    public string? Version { get; init; }

    public bool IsReady { get; init; }

    /// <param name="path">The key below the members' prefix: "set/name".</param>
    /// <param name="value">The record.</param>
    /// <param name="intent">What an operator wishes of it; null for nothing.</param>
    public static ExpectedMember Read(string path, string value, string? intent = null)
    {
        var record = JsonElement.Parse(value);
        var wish = intent is null ? default : JsonElement.Parse(intent);
        var parts = path.Split('/');
        return new ExpectedMember(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], record.GetProperty("uri").GetString()!)
        {
            Mark = Of(record, "attrs", MarkName),
            Version = Of(record, "labels", Label),
            Weight = Field(wish, "weight")?.GetInt32() ?? Field(record, "weight")?.GetInt32(),
            IsReady = Field(record, "state")?.GetString() is null or "ready" && Field(wish, "drain")?.GetBoolean() != true,
        };
    }

    /// <summary>The same to the product's arithmetic.</summary>
    public Member ToMember()
    {
        var member = new Member(new MemberKey(Set, Name), SipUri.Parse(Uri)) { Weight = Weight, State = IsReady ? MemberState.Ready : MemberState.Draining };
        return Version is null ? member : member with { Labels = member.Labels.Add(Label, Version) };
    }

    private static string? Of(JsonElement record, string map, string name) => Field(record, map) is { } found ? Field(found, name)?.GetString() : null;

    private static JsonElement? Field(JsonElement record, string name) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
