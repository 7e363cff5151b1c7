using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources;

/// <summary>The part of a saved membership that is about shares: an array of objects of <c>set</c>, <c>split</c> (a <see cref="SplitRecord"/>) and <c>classes</c> (a <see cref="ClassRecord"/>), either of which may be missing.</summary>
internal static class SnapshotShares
{
    /// <summary>Writes the property; nothing where there are none.</summary>
    public static void Write(Utf8JsonWriter writer, OperatorShares? shares)
    {
        if (shares is null || (shares.Splits.IsEmpty && shares.Numbers.IsEmpty))
        {
            return;
        }

        writer.WriteStartArray("shares");
        foreach (var set in shares.Splits.Keys.Union(shares.Numbers.Keys).Order())
        {
            writer.WriteStartObject();
            writer.WriteNumber("set", set);
            if (shares.Splits.TryGetValue(set, out var split))
            {
                writer.WritePropertyName("split");
                writer.WriteRawValue(SplitRecord.Write(split));
            }

            if (shares.Numbers.TryGetValue(set, out var numbers))
            {
                writer.WritePropertyName("classes");
                writer.WriteRawValue(ClassRecord.Write(numbers));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <exception cref="FormatException">It names what is wrong.</exception>
    public static OperatorShares Read(JsonElement entries)
    {
        var splits = ImmutableSortedDictionary.CreateBuilder<int, Split>();
        var numbers = ImmutableSortedDictionary.CreateBuilder<int, ImmutableSortedDictionary<string, int>>();
        foreach (var entry in entries.EnumerateArray())
        {
            if (!SnapshotFormat.Field(entry, "set", JsonValueKind.Number).TryGetInt32(out var set) || set < 0)
            {
                throw new FormatException($"the set of shares is not a number from 0 to {int.MaxValue}");
            }

            if (entry.TryGetProperty("split", out _))
            {
                splits[set] = SplitRecord.TryRead(set, Raw(entry, "split"), out var split, out var error) ? split : throw new FormatException($"the split of set {set} cannot be used: {error}");
            }

            if (entry.TryGetProperty("classes", out _))
            {
                numbers[set] = ClassRecord.TryRead(Raw(entry, "classes"), out var classes, out var error) ? classes : throw new FormatException($"the classes of set {set} cannot be used: {error}");
            }
        }

        return OperatorShares.Unknown with { Splits = splits.ToImmutable(), Numbers = numbers.ToImmutable() };
    }

    private static byte[] Raw(JsonElement entry, string name) => JsonMarshal.GetRawUtf8Value(SnapshotFormat.Field(entry, name, JsonValueKind.Object)).ToArray();
}
