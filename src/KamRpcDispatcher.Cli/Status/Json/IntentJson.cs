using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>What an operator wishes, for programs, texts as they were found.</summary>
internal static class IntentJson
{
    /// <summary>How many calls are up on a member that is drained, as its announcer counted them, or Kamailio, or null.</summary>
    public static void WriteCalls(Utf8JsonWriter writer, StoredCallCount? stored, Intent? intent)
    {
        if (stored is null || intent is not { IsDrained: true })
        {
            writer.WriteNull("callsUp");
            return;
        }

        writer.WriteStartObject("callsUp");
        JsonText.WriteNumber(writer, "calls", stored.Count?.Calls);
        JsonText.WriteNumber(writer, "channels", stored.Count?.Channels);
        JsonText.WriteTime(writer, "at", stored.Count?.At);
        writer.WriteString("countedBy", CountedBy(stored.Count));
        writer.WriteString("unknown", stored.Error ?? (stored.Count?.Calls is null ? stored.Count?.ToString() : null));
        writer.WriteEndObject();
    }

    /// <summary>Who counts calls: <c>announcer</c>, or <c>dialogs</c>; null where nobody does.</summary>
    public static string? CountedBy(CallCount? count) => count is null ? null : count.IsByDialogs ? "dialogs" : "announcer";

    /// <summary>Whose drain a member, or a proxy, is under, or null.</summary>
    public static void WriteDrain(Utf8JsonWriter writer, Intent? intent)
    {
        if (intent is not { IsDrained: true })
        {
            writer.WriteNull("drainedByOperator");
            return;
        }

        writer.WriteStartObject("drainedByOperator");
        WriteOrigin(writer, intent);
        writer.WriteEndObject();
    }

    /// <summary>The weight that an operator gave a member, or null.</summary>
    public static void WriteWeight(Utf8JsonWriter writer, Intent? intent)
    {
        if (intent?.Weight is not { } weight)
        {
            writer.WriteNull("weightByOperator");
            return;
        }

        writer.WriteStartObject("weightByOperator");
        writer.WriteNumber("weight", weight);
        WriteOrigin(writer, intent.OfWeight());
        writer.WriteEndObject();
    }

    /// <summary>Who wishes it, when and why.</summary>
    public static void WriteOrigin(Utf8JsonWriter writer, Intent intent)
    {
        writer.WriteString("by", intent.By);
        JsonText.WriteTime(writer, "at", intent.At);
        writer.WriteString("reason", intent.Reason);
    }
}
