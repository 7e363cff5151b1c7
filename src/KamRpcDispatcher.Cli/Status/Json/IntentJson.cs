using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>What an operator wishes, for programs, texts as they were found.</summary>
internal static class IntentJson
{
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

    /// <summary>Who wishes it, when and why.</summary>
    public static void WriteOrigin(Utf8JsonWriter writer, Intent intent)
    {
        writer.WriteString("by", intent.By);
        JsonText.WriteTime(writer, "at", intent.At);
        writer.WriteString("reason", intent.Reason);
    }
}
