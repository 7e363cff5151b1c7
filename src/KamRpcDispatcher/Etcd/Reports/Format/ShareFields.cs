using System.Text.Json;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Writes and reads what a report says of shares of calls, and of the length of Kamailio's list.</summary>
internal static class ShareFields
{
    private const int WholeWanted = 1000;

    /// <summary>A class that is a label's value may have a long name.</summary>
    private const int LongestClass = 80;

    public static void Write(Utf8JsonWriter writer, ProxyStatus status)
    {
        if (status.Shares is { } shares)
        {
            writer.WriteStartObject("share");
            writer.WriteString("way", shares.Way);
            if (shares.IsCounted is { } isCounted)
            {
                writer.WriteBoolean("counted", isCounted);
            }

            writer.WriteEndObject();
        }

        if (status.List is { } list)
        {
            writer.WriteStartObject("list");
            writer.WriteNumber("destinations", list.Destinations);
            writer.WriteNumber("bytes", list.Bytes);
            ReportHead.WriteNumber(writer, "most", list.Most);
            writer.WriteEndObject();
        }
    }

    public static ReportPart Classes(ShareReport? shares, int room) => ReportPart.Of("classes", "moreClasses", shares?.Classes ?? [], shares?.MoreClasses ?? 0, room, static (json, one) =>
    {
        json.WriteNumber("set", one.Set);
        json.WriteString("class", ReportText.Line(one.Class, LongestClass));
        json.WriteNumber("wanted", one.Wanted);
        ReportHead.WriteNumber(json, "calls", one.Calls);
        ReportHead.WriteTime(json, "since", one.Since);
        ReportHead.WriteTime(json, "until", one.Until);
    });

    public static ReportPart Members(ShareReport? shares) => ReportPart.Of("counted", "moreCounted", shares?.Members ?? [], shares?.MoreMembers ?? 0, guaranteed: 0, static (json, one) =>
    {
        json.WriteNumber("set", one.Set);
        json.WriteString("name", one.Name);
        json.WriteString("class", ReportText.Line(one.Class, LongestClass));
        json.WriteNumber("calls", one.Calls);
    });

    public static ShareReport? ReadShares(JsonElement report)
    {
        if (!Has(report, "share"))
        {
            return null;
        }

        var share = Field(report, "share", JsonValueKind.Object);
        return new ShareReport(Text(share, "way"))
        {
            IsCounted = Has(share, "counted") ? Flag(share, "counted") : null,
            Classes = Items(report, "classes", static one => new SharedClass(Count(one, "set"), Text(one, "class"), (int)Count(one, "wanted", WholeWanted))
            {
                Calls = Has(one, "calls") ? Count(one, "calls", long.MaxValue) : null,
                Since = OptionalTime(one, "since"),
                Until = OptionalTime(one, "until"),
            }),
            MoreClasses = OptionalCount(report, "moreClasses") ?? 0,
            Members = Items(report, "counted", static one => new CountedMember(Count(one, "set"), Text(one, "name"), Text(one, "class"), Count(one, "calls", long.MaxValue))),
            MoreMembers = OptionalCount(report, "moreCounted") ?? 0,
        };
    }

    public static ListRoom? ReadList(JsonElement report)
    {
        if (!Has(report, "list"))
        {
            return null;
        }

        var list = Field(report, "list", JsonValueKind.Object);
        return new ListRoom(Count(list, "destinations"), Count(list, "bytes", long.MaxValue), Has(list, "most") ? Count(list, "most", long.MaxValue) : null);
    }
}
