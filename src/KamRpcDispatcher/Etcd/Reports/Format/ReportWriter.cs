using System.Buffers;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportHead;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Writes a proxy's status as JSON. <see cref="ProxyReader"/> reads it.</summary>
/// <remarks>By hand, since it stops naming where a report would become too long, and counts what it has not named.</remarks>
internal static class ReportWriter
{
    /// <summary>
    /// The longest report, whatever there is to tell: it is written every few seconds, and everybody who leaves reads those of all proxies.
    /// </summary>
    public const int MostBytes = 16_000;

    /// <summary>For the numbers of those that are left out, where nobody of a list is named.</summary>
    private const int Reserve = 300;

    // What each list has for itself; together with what is always there, and of a bounded length, no more than MostBytes.
    private const int RoomForSets = 1_500;
    private const int RoomForTroubles = 5_700;
    private const int RoomForSources = 900;
    private const int RoomForHeld = 1_200;
    private const int RoomForDeviations = 2_200;
    private const int RoomForQuarantined = 900;
    private const int RoomForSuperseded = 1_000;
    private const int RoomForClasses = 300;

    public static byte[] Write(ProxyStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            ReportHead.Write(writer, status);
            var sets = Sets(status);
            var superseded = Superseded(status);
            ReportPart[] lists = [Sources(status), Troubles(status), Held(status), Deviations(status), Quarantined(status), superseded, Starting(status), Unshared(status), ShareFields.Classes(status.Shares, RoomForClasses), ShareFields.Members(status.Shares), DialogFields.Members(status.Dialogs)];
            ReportPart.Fit([sets, .. lists], MostBytes - Reserve - (int)(writer.BytesCommitted + writer.BytesPending));
            sets.WriteObject(writer);
            foreach (var list in lists)
            {
                list.Write(writer);
            }

            var unnamed = status.MoreSupersededLeaving + status.Superseded.Skip(superseded.Count).Count(static member => member is { IsLeaving: true, IsServed: true });
            WriteCount(writer, "moreSupersededLeaving", unnamed);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The most urgent ones first: who reads a part of them reads of what is wrong.</summary>
    private static ReportPart Sets(ProxyStatus status) => ReportPart.Of(
        "sets",
        "moreSets",
        [.. status.Sets.OrderBy(static set => set.Value.Urgency)],
        status.MoreSets,
        RoomForSets,
        static (json, set) =>
        {
            json.WriteNumber("destinations", set.Value.Destinations);
            json.WriteNumber("routable", set.Value.Routable);
            WriteNumber(json, "wanted", set.Value.Wanted);
            WriteNumber(json, "serving", set.Value.Serving);
            WriteNumber(json, "full", set.Value.Full);
            WriteCount(json, "drift", set.Value.Drift);
            WriteCount(json, "held", set.Value.Held);
            WriteCount(json, "refused", set.Value.Refused);
            WriteText(json, "zone", set.Value.Zone is { } use ? ZoneUseName.Of(use) : null);
        },
        static set => set.Key.ToString(CultureInfo.InvariantCulture));

    /// <summary>Never too many, so their texts are cut where all of them together are too long.</summary>
    private static ReportPart Troubles(ProxyStatus status)
    {
        ProxyTrouble[] troubles = [.. status.Troubles.Take(ProxyTrouble.MostInReport).Select(static trouble => trouble.Capped())];
        var whole = Of(troubles);
        return whole.Needed <= RoomForTroubles
            ? whole
            : Of([.. troubles.Select(trouble => trouble with { Text = ReportText.Cut(trouble.Text, (RoomForTroubles / troubles.Length) - (trouble.Kind.Length + 90 + (12 * trouble.Sets.Length))) })]);

        static ReportPart Of(ProxyTrouble[] troubles) => ReportPart.Of("trouble", null, troubles, 0, RoomForTroubles, static (json, trouble) =>
        {
            json.WriteString("kind", trouble.Kind);
            WriteTime(json, "since", trouble.Since);
            json.WriteString("text", trouble.Text);
            if (trouble.Sets.Length > 0)
            {
                WriteNumbers(json, "sets", trouble.Sets);
            }
        });
    }

    /// <summary>Those first that cannot be read: who reads a part of them reads of what is wrong.</summary>
    private static ReportPart Sources(ProxyStatus status) => ReportPart.Of("sources", "moreSources", [.. status.Sources.OrderByDescending(static source => source.AwaySince is not null)], status.MoreSources, RoomForSources, static (json, source) =>
    {
        json.WriteString("source", ReportText.Line(source.Name, ReportedSource.LongestName));
        if (source.Sets.Length > 0)
        {
            WriteNumbers(json, "sets", source.Sets.Take(ReportedSource.MostSets));
            WriteCount(json, "moreSets", source.MoreSets + Math.Max(0, source.Sets.Length - ReportedSource.MostSets));
        }

        if (source.AwaySince is { } since)
        {
            ReportHead.WriteTime(json, "awaySince", since);
            ReportHead.WriteText(json, "reason", source.Reason is { } reason ? ReportText.Line(reason, ReportedSource.LongestReason) : null);
        }
    });

    private static ReportPart Held(ProxyStatus status) => ReportPart.Of("held", "moreHeld", status.Held, status.MoreHeld, RoomForHeld, static (json, member) =>
    {
        json.WriteString("member", member.Key.ToString());
        json.WriteString("uri", member.Uri.Text);
    });

    private static ReportPart Deviations(ProxyStatus status) => ReportPart.Of(
        "deviations",
        "moreDeviations",
        status.Deviations,
        status.MoreDeviations,
        RoomForDeviations,
        static (json, deviation) =>
        {
            json.WriteString("kind", deviation.Kind);
            json.WriteNumber("set", deviation.Set);
            json.WriteString("name", deviation.Name);
            json.WriteString("uri", deviation.Uri);
            WriteTime(json, "since", deviation.Since);
            WriteText(json, "flags", deviation.Flags);
            WriteText(json, "reason", deviation.Reason);
            WriteTime(json, "until", deviation.Until);
        });

    private static ReportPart Quarantined(ProxyStatus status) => ReportPart.Of(
        "quarantined",
        "moreQuarantined",
        status.Quarantined,
        status.MoreQuarantined,
        RoomForQuarantined,
        static (json, destination) =>
        {
            json.WriteNumber("set", destination.Set);
            json.WriteString("uri", destination.Uri);
            json.WriteString("reason", destination.Reason);
            WriteTime(json, "retryAt", destination.RetryAt);
        });

    /// <summary>For a time only, and no fault: they have the room that is left.</summary>
    private static ReportPart Starting(ProxyStatus status) => ReportPart.Of("starting", "moreStarting", status.Starting, status.MoreStarting, guaranteed: 0, static (json, starting) =>
    {
        json.WriteString("member", starting.Member.ToString());
        json.WriteNumber("share", starting.Share);
    });

    private static ReportPart Unshared(ProxyStatus status) => ReportPart.Of("unshared", "moreUnshared", status.Unshared, status.MoreUnshared, guaranteed: 0, static (json, unshared) =>
    {
        json.WriteString("member", unshared.Member.ToString());
        WriteText(json, "why", unshared.Why is { } why ? FailOverOnlyName.Of(why) : null);
    });

    private static ReportPart Superseded(ProxyStatus status) => ReportPart.Of(
        "superseded",
        "moreSuperseded",
        status.Superseded,
        status.MoreSuperseded,
        RoomForSuperseded,
        static (json, member) =>
        {
            json.WriteString("member", member.Member.ToString());
            json.WriteString("by", member.Holder.ToString());
            json.WriteBoolean("served", member.IsServed);
            if (member.IsLeaving)
            {
                json.WriteBoolean("leaving", true);
            }
        });
}
