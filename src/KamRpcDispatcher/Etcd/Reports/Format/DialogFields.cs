using System.Text.Json;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Sources.Records;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Writes and reads what a report says of the calls that are up on drained members.</summary>
internal static class DialogFields
{
    public static void Write(Utf8JsonWriter writer, DialogReport? dialogs)
    {
        if (dialogs is not null)
        {
            writer.WriteBoolean("countsDialogs", true);
            ReportHead.WriteTime(writer, "dialogsSince", dialogs.Since);
            ReportHead.WriteTime(writer, "dialogsAt", dialogs.At);
        }
    }

    /// <summary>Whoever is not named has no count that is known.</summary>
    public static ReportPart Members(DialogReport? dialogs) => ReportPart.Of("dialogs", null, dialogs?.Members ?? [], 0, guaranteed: 0, static (json, count) =>
    {
        json.WriteString("member", count.Member.ToString());
        json.WriteNumber("calls", count.Calls);
    });

    public static DialogReport? Read(JsonElement report) => !Flag(report, "countsDialogs") ? null : new DialogReport
    {
        Since = OptionalTime(report, "dialogsSince"),
        At = OptionalTime(report, "dialogsAt"),
        Members = Items(report, "dialogs", static entry => new DialogCount(ProxyReader.Key(entry, "dialogs", "member"), (int)Count(entry, "calls", CallCountRecord.MostCalls))),
    };
}
