using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;

using static KamRpcDispatcher.Sources.SnapshotFormat;

namespace KamRpcDispatcher.Sources;

/// <summary>
/// What operators wish, as it stands in a snapshot: <c>intents</c>, objects of <c>set</c>, <c>name</c>, <c>createdRevision</c> and <c>record</c>, and <c>proxyIntents</c>, the same
/// with <c>proxy</c> in place of set and name. Either is left out where there is nothing; an earlier version leaves out the second one, or both, or <c>createdRevision</c>.
/// </summary>
internal static class SnapshotIntents
{
    private const string OfMembers = "intents";
    private const string OfProxies = "proxyIntents";

    public static void Write(Utf8JsonWriter writer, OperatorIntents? intents)
    {
        if (intents is { ByMember.Count: > 0 })
        {
            writer.WriteStartArray(OfMembers);
            foreach (var intent in intents.ByMember.Values.OrderBy(static intent => intent.Key))
            {
                writer.WriteStartObject();
                writer.WriteNumber("set", intent.Key.Set);
                writer.WriteString("name", intent.Key.Name);
                WriteRecord(writer, intent);
            }

            writer.WriteEndArray();
        }

        if (intents is { ByProxy.Count: > 0 })
        {
            writer.WriteStartArray(OfProxies);
            foreach (var (proxy, intent) in intents.ByProxy.OrderBy(static one => one.Key, StringComparer.Ordinal))
            {
                writer.WriteStartObject();
                writer.WriteString("proxy", proxy);
                WriteRecord(writer, intent);
            }

            writer.WriteEndArray();
        }
    }

    /// <summary>Null where there are none. Of none is it known whether it is in the store still.</summary>
    public static OperatorIntents? Read(JsonElement root)
    {
        if (!root.TryGetProperty(OfMembers, out _) && !root.TryGetProperty(OfProxies, out _))
        {
            return null;
        }

        return OperatorIntents.Unknown with
        {
            ByMember = Read(root, OfMembers, static entry => ReadKey(entry, "an intent"), static key => key, EqualityComparer<MemberKey>.Default),
            ByProxy = Read(root, OfProxies, ReadProxy, static _ => default, StringComparer.Ordinal),
        };
    }

    private static void WriteRecord(Utf8JsonWriter writer, Intent intent)
    {
        if (intent.CreatedRevision > 0)
        {
            writer.WriteNumber("createdRevision", intent.CreatedRevision);
        }

        writer.WritePropertyName("record");
        writer.WriteRawValue(IntentRecord.Write(intent));
        writer.WriteEndObject();
    }

    private static Dictionary<T, Intent> Read<T>(JsonElement root, string name, Func<JsonElement, T> readKey, Func<T, MemberKey> memberOf, IEqualityComparer<T> comparer)
        where T : notnull
    {
        var intents = new Dictionary<T, Intent>(comparer);
        if (!root.TryGetProperty(name, out _))
        {
            return intents;
        }

        foreach (var entry in Field(root, name, JsonValueKind.Array).EnumerateArray())
        {
            var key = readKey(entry);
            if (!IntentRecord.TryRead(memberOf(key), Record(entry), out var intent, out var error))
            {
                throw new FormatException($"the intent for {key} cannot be used: {error}");
            }

            var created = entry.TryGetProperty("createdRevision", out _) ? Revision(entry, "createdRevision") : 0;
            if (!intents.TryAdd(key, intent with { CreatedRevision = created }))
            {
                throw new FormatException($"it has an intent for {key} twice");
            }
        }

        return intents;
    }

    private static string ReadProxy(JsonElement entry)
    {
        var name = Field(entry, "proxy", JsonValueKind.String).GetString()!;
        return MemberValidation.CheckName(name) is { } wrong ? throw new FormatException(wrong) : name;
    }
}
