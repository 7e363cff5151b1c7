using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>What a proxy says of shares of calls, and of the length of Kamailio's list, for programs.</summary>
internal static class ShareJson
{
    public static void Write(Utf8JsonWriter writer, ProxyStatus status)
    {
        JsonText.WriteArray(writer, "sources", status.Sources, static (json, source) =>
        {
            json.WriteString("source", source.Name);
            JsonText.WriteNumbers(json, "sets", source.Sets);
            json.WriteNumber("moreSets", source.MoreSets);
            JsonText.WriteTime(json, "awaySince", source.AwaySince);
            json.WriteString("reason", source.Reason);
        });
        writer.WriteNumber("moreSources", status.MoreSources);
        writer.WriteString("share", status.Shares?.Way);
        JsonText.WriteBoolean(writer, "counts", status.Shares?.IsCounted);
        JsonText.WriteArray(writer, "counted", status.Shares?.Members ?? [], static (json, member) =>
        {
            json.WriteNumber("set", member.Set);
            json.WriteString("name", member.Name);
            json.WriteString("class", member.Class);
            json.WriteNumber("calls", member.Calls);
        });
        writer.WriteNumber("moreCounted", status.Shares?.MoreMembers ?? 0);
        if (status.List is not { } list)
        {
            writer.WriteNull("list");
            return;
        }

        writer.WriteStartObject("list");
        writer.WriteNumber("destinations", list.Destinations);
        writer.WriteNumber("bytes", list.Bytes);
        JsonText.WriteNumber(writer, "most", list.Most);
        writer.WriteEndObject();
    }
}
