using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary>The status of a cluster for programs. Every field is always there, null where there is nothing to say; later versions only add fields.</summary>
internal static class StatusJson
{
    public static string Write(string cluster, ClusterView view) => JsonText.Write(writer =>
    {
        var findings = StatusFindings.Of(view);
        writer.WriteString("cluster", cluster);
        writer.WriteNumber("revision", view.Revision);
        writer.WriteNumber("memberRevision", view.MemberRevision);
        writer.WriteBoolean("inStep", findings.Count == 0);
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStringValue(finding);
        }

        writer.WriteEndArray();
        JsonText.WriteArray(writer, "members", view.Members, WriteMember);
        new StatusClaims(view).Write(writer);
        new StatusShares(view).Write(writer);
        JsonText.WriteArray(writer, "rejected", view.Rejected, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
        JsonText.WriteArray(writer, "proxies", view.Proxies, (json, proxy) => WriteProxy(json, view, proxy));
    });

    /// <summary>A state as it is written in records.</summary>
    public static string Name(MemberState state) => state switch
    {
        MemberState.Draining => "draining",
        MemberState.Down => "down",
        _ => "ready",
    };

    /// <summary>A lease as etcdctl shows it.</summary>
    private static string Lease(long lease) => lease.ToString("x16", CultureInfo.InvariantCulture);

    private static void WriteMember(Utf8JsonWriter writer, AnnouncedMember announced)
    {
        var (member, lease) = announced;
        writer.WriteNumber("set", member.Key.Set);
        writer.WriteString("name", member.Key.Name);
        writer.WriteString("uri", member.Uri.Text);
        writer.WriteString("state", Name(member.State));
        writer.WriteString("reason", member.Reason);
        if (member.Since is { } since)
        {
            writer.WriteString("since", since);
        }
        else
        {
            writer.WriteNull("since");
        }

        if (member.Weight is { } weight)
        {
            writer.WriteNumber("weight", weight);
        }
        else
        {
            writer.WriteNull("weight");
        }

        writer.WriteNumber("priority", member.Priority);
        WriteEntries(writer, "attrs", member.Attributes);
        WriteEntries(writer, "labels", member.Labels);
        writer.WriteString("lease", lease == 0 ? null : Lease(lease));
    }

    private static void WriteEntries(Utf8JsonWriter writer, string what, IEnumerable<KeyValuePair<string, string>> entries)
    {
        writer.WriteStartObject(what);
        foreach (var (name, value) in entries)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteProxy(Utf8JsonWriter writer, ClusterView view, ReportingProxy proxy)
    {
        writer.WriteString("name", proxy.Name);
        writer.WriteString("unreadable", proxy.Error);
        if (proxy.Status is not { } status)
        {
            writer.WriteNull("report");
            return;
        }

        writer.WriteStartObject("report");
        writer.WriteString("kamailio", status.Kamailio);
        writer.WriteNumber("revision", status.Revision);
        writer.WriteNumber("behind", view.Behind(status));
        writer.WriteNumber("drift", status.Drift);
        writer.WriteString("appliedAt", status.AppliedAt);
        writer.WriteBoolean("fromSnapshot", status.IsFromSnapshot);
        JsonText.WriteArray(writer, "sets", status.Sets, static (json, set) =>
        {
            json.WriteNumber("set", set.Key);
            json.WriteNumber("destinations", set.Value.Destinations);
            json.WriteNumber("routable", set.Value.Routable);
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
            json.WriteString("retryAt", destination.RetryAt);
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
        writer.WriteStartArray("applies");
        foreach (var kind in status.Applies)
        {
            writer.WriteStringValue(kind);
        }

        writer.WriteEndArray();
        JsonText.WriteArray(writer, "trouble", status.Troubles, static (json, trouble) =>
        {
            json.WriteString("kind", trouble.Kind);
            json.WriteString("since", trouble.Since);
            json.WriteString("text", trouble.Text);
        });
        writer.WriteEndObject();
    }
}
