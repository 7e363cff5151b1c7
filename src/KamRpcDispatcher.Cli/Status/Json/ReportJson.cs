using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>A proxy's report for programs.</summary>
internal static class ReportJson
{
    public static void Write(Utf8JsonWriter writer, ClusterView view, ProxyLens lens)
    {
        var proxy = lens.Proxy;
        writer.WriteString("name", proxy.Name);
        writer.WriteString("unreadable", proxy.Error);
        if (lens.Status is not { } status)
        {
            writer.WriteNull("report");
            return;
        }

        writer.WriteStartObject("report");
        writer.WriteString("kamailio", status.Kamailio);
        writer.WriteNumber("revision", status.Revision);
        writer.WriteNumber("behind", view.Behind(status));
        writer.WriteNumber("drift", status.Drift);
        JsonText.WriteTime(writer, "appliedAt", status.AppliedAt);
        writer.WriteBoolean("fromSnapshot", status.IsFromSnapshot);
        JsonText.WriteArray(writer, "sets", status.Sets, static (json, set) =>
        {
            json.WriteNumber("set", set.Key);
            json.WriteNumber("destinations", set.Value.Destinations);
            json.WriteNumber("routable", set.Value.Routable);
            JsonText.WriteNumber(json, "wanted", set.Value.Wanted);
            JsonText.WriteNumber(json, "serving", set.Value.Serving);
            JsonText.WriteNumber(json, "full", set.Value.Full);
            json.WriteNumber("drift", set.Value.Drift);
            json.WriteNumber("held", set.Value.Held);
            json.WriteNumber("refused", set.Value.Refused);
            json.WriteString("zone", set.Value.Zone is { } use ? ZoneUseName.Of(use) : null);
        });
        var grace = status.Grace;
        writer.WriteStartObject("grace");
        writer.WriteString("mode", string.IsNullOrEmpty(grace.Mode) ? null : grace.Mode);
        writer.WriteNumber("count", grace.Count);
        writer.WriteNumber("p50Ms", grace.MedianMilliseconds);
        writer.WriteNumber("p99Ms", grace.P99Milliseconds);
        writer.WriteNumber("maxMs", grace.MaxMilliseconds);
        writer.WriteNumber("timeouts", grace.Timeouts);
        writer.WriteEndObject();
        JsonText.WriteArray(writer, "held", status.Held, static (json, member) =>
        {
            json.WriteNumber("set", member.Key.Set);
            json.WriteString("name", member.Key.Name);
            json.WriteString("uri", member.Uri.Text);
        });
        JsonText.WriteArray(writer, "quarantined", status.Quarantined, static (json, destination) =>
        {
            json.WriteNumber("set", destination.Set);
            json.WriteString("uri", destination.Uri);
            json.WriteString("reason", destination.Reason);
            JsonText.WriteTime(json, "retryAt", destination.RetryAt);
        });
        if (status.Silenced is { } silenced)
        {
            writer.WriteNumber("silenced", silenced);
        }
        else
        {
            writer.WriteNull("silenced");
        }

        JsonText.WriteArray(writer, "superseded", status.Superseded, static (json, superseded) =>
        {
            json.WriteNumber("set", superseded.Member.Set);
            json.WriteString("name", superseded.Member.Name);
            json.WriteString("by", superseded.Holder.Name);
            json.WriteBoolean("served", superseded.IsServed);
        });
        writer.WriteNumber("moreSuperseded", status.MoreSuperseded);
        JsonText.WriteTexts(writer, "applies", status.Applies);
        JsonText.WriteArray(writer, "trouble", status.Troubles, static (json, trouble) =>
        {
            json.WriteString("kind", trouble.Kind);
            JsonText.WriteTime(json, "since", trouble.Since);
            json.WriteString("text", trouble.Text);
            json.WriteStartArray("sets");
            foreach (var set in trouble.Sets)
            {
                json.WriteNumberValue(set);
            }

            json.WriteEndArray();
        });
        WriteNews(writer, lens, status);
        IntentJson.WriteDrain(writer, view.ProxyIntents.GetValueOrDefault(proxy.Name)?.Intent);
        writer.WriteEndObject();
    }

    /// <summary>What reports of earlier versions do not have.</summary>
    private static void WriteNews(Utf8JsonWriter writer, ProxyLens lens, ProxyStatus status)
    {
        writer.WriteString("version", status.Version);
        JsonText.WriteTime(writer, "writtenAt", status.WrittenAt);
        JsonText.WriteNumber(writer, "ageSeconds", lens.Age.Age?.TotalSeconds);
        JsonText.WriteBoolean(writer, "stale", lens.Age.Freshness switch
        {
            ReportFreshness.Fresh => false,
            ReportFreshness.Stale => true,
            _ => null,
        });
        JsonText.WriteNumber(writer, "clockOffsetSeconds", lens.Age.ClockOffset?.TotalSeconds);
        if (status.Contact is { } contact)
        {
            writer.WriteStartObject("contact");
            writer.WriteBoolean("answers", contact.Answers);
            JsonText.WriteTime(writer, "since", contact.Since);
            writer.WriteString("reason", contact.Reason);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("contact");
        }

        if (status.Loop is { } loop)
        {
            writer.WriteStartObject("loop");
            writer.WriteString("step", loop.Step);
            writer.WriteNumber("forSeconds", Math.Round(loop.For.TotalSeconds, 1));
            writer.WriteNumber("mostSeconds", Math.Round(loop.Longest.TotalSeconds, 1));
            writer.WriteBoolean("hangs", loop.Hangs);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("loop");
        }

        if (status.Follows is { } followed)
        {
            writer.WriteStartObject("follows");
            writer.WriteNumber("revision", followed.Revision);
            writer.WriteNumber("records", followed.Records);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("follows");
        }

        writer.WriteNumber("recordsGone", lens.Lag.AreMissing ? 0 : lens.Lag.Records);
        writer.WriteNumber("recordsMissing", lens.Lag.AreMissing ? lens.Lag.Records : 0);
        JsonText.WriteArray(writer, "deviations", status.Deviations, WriteDeviation);
        writer.WriteNumber("moreDeviations", status.MoreDeviations);
        writer.WriteNumber("moreHeld", status.MoreHeld);
        writer.WriteNumber("moreQuarantined", status.MoreQuarantined);
        writer.WriteNumber("moreSets", status.MoreSets);
        writer.WriteStartArray("serves");
        foreach (var set in status.Serves)
        {
            writer.WriteNumberValue(set);
        }

        writer.WriteEndArray();
        JsonText.WriteNumber(writer, "intentsRevision", status.Intents?.Revision);
        JsonText.WriteNumber(writer, "intentsSilenced", status.Intents?.Silenced);
        JsonText.WriteBoolean(writer, "drained", status.Intent?.IsDrained);
        writer.WriteString("zone", status.Zone);
        JsonText.WriteArray(writer, "starting", status.Starting, static (json, starting) =>
        {
            json.WriteNumber("set", starting.Member.Set);
            json.WriteString("name", starting.Member.Name);
            json.WriteNumber("share", starting.Share);
        });
        writer.WriteNumber("moreStarting", status.MoreStarting);
        JsonText.WriteArray(writer, "unshared", status.Unshared, static (json, unshared) =>
        {
            json.WriteNumber("set", unshared.Member.Set);
            json.WriteString("name", unshared.Member.Name);
            json.WriteString("why", unshared.Why is { } why ? FailOverOnlyName.Of(why) : null);
        });
        writer.WriteNumber("moreUnshared", status.MoreUnshared);
        ShareJson.Write(writer, status);
    }

    public static void WriteDeviation(Utf8JsonWriter writer, Deviation deviation)
    {
        writer.WriteString("kind", deviation.Kind);
        writer.WriteNumber("set", deviation.Set);
        writer.WriteString("name", deviation.Name);
        writer.WriteString("uri", deviation.Uri);
        JsonText.WriteTime(writer, "since", deviation.Since);
        writer.WriteString("flags", deviation.Flags);
        writer.WriteString("reason", deviation.Reason);
        JsonText.WriteTime(writer, "until", deviation.Until);
    }
}
