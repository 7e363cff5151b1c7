using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>What operators wish for programs, texts as they were found.</summary>
internal static class IntentJson
{
    /// <summary>Whose drain a member is under, or null.</summary>
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

    /// <summary>The wishes of those who are not announced, and those that nobody can use or read.</summary>
    public static void Write(Utf8JsonWriter writer, ClusterView view)
    {
        JsonText.WriteArray(writer, "intents", view.IntentsNotAnnounced, static (json, stored) =>
        {
            json.WriteNumber("set", stored.Intent.Key.Set);
            json.WriteString("name", stored.Intent.Key.Name);
            json.WriteBoolean("drain", stored.Intent.IsDrained);
            JsonText.WriteNumber(json, "weight", stored.Intent.Weight);
            WriteOrigin(json, stored.Intent);
        });
        JsonText.WriteArray(writer, "rejectedIntents", view.RejectedIntents, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
        writer.WriteString("intentsRefused", view.IntentsRefused);
    }

    private static void WriteOrigin(Utf8JsonWriter writer, Intent intent)
    {
        writer.WriteString("by", intent.By);
        JsonText.WriteTime(writer, "at", intent.At);
        writer.WriteString("reason", intent.Reason);
    }
}
