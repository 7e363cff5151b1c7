using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli.Status.Json;

/// <summary>The status of a cluster for programs. Every field is always there, null where there is nothing to say; later versions only add fields.</summary>
internal static class StatusJson
{
    public static string Write(string cluster, ClusterCalls calls, IReadOnlyList<StatusFinding> findings) => JsonText.Write(writer =>
    {
        var view = calls.Cluster;
        writer.WriteString("cluster", cluster);
        writer.WriteNumber("revision", view.Revision);
        writer.WriteNumber("memberRevision", view.MemberRevision);
        writer.WriteNumber("intentRevision", view.IntentRevision);
        JsonText.WriteNumber(writer, "memberRecords", view.MemberRecords);
        writer.WriteBoolean("inStep", findings.Count == 0);
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStringValue(finding.Text);
        }

        writer.WriteEndArray();
        JsonText.WriteArray(writer, "problems", findings, WriteProblem);
        JsonText.WriteArray(writer, "sets", calls.Sets, WriteSet);
        JsonText.WriteArray(writer, "members", calls.Sets.SelectMany(static set => set.Members), (json, member) => WriteMember(json, member, calls));
        new StatusClaims(view).Write(writer);
        new StatusShares(calls).Write(writer);
        new SharedCalls(calls.Proxies, calls.Now).Write(writer, "sharedCalls");
        JsonText.WriteArray(writer, "rejected", view.Rejected, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
        WriteIntents(writer, view);
        JsonText.WriteArray(writer, "sources", view.Sources, static (json, source) =>
        {
            json.WriteString("source", source.Name);
            JsonText.WriteTime(json, "awaySince", source.AwaySince);
            json.WriteString("reason", source.Reason);
        });
        JsonText.WriteArray(writer, "proxies", calls.Proxies, (json, lens) => ReportJson.Write(json, view, lens));
    });

    /// <summary>A lease as etcdctl shows it.</summary>
    public static string Lease(long lease) => lease.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The wishes of those who are not announced, and those that nobody can use or read.</summary>
    private static void WriteIntents(Utf8JsonWriter writer, ClusterView view)
    {
        JsonText.WriteArray(writer, "intents", view.IntentsNotAnnounced, static (json, stored) =>
        {
            json.WriteNumber("set", stored.Intent.Key.Set);
            json.WriteString("name", stored.Intent.Key.Name);
            json.WriteBoolean("drain", stored.Intent.IsDrained);
            JsonText.WriteNumber(json, "weight", stored.Intent.Weight);
            IntentJson.WriteOrigin(json, stored.Intent);
        });
        JsonText.WriteArray(writer, "proxyIntents", view.ProxyIntents, static (json, stored) =>
        {
            json.WriteString("proxy", stored.Key);
            json.WriteBoolean("drain", stored.Value.Intent.IsDrained);
            IntentJson.WriteOrigin(json, stored.Value.Intent);
        });
        JsonText.WriteArray(writer, "rejectedIntents", view.RejectedIntents, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
        writer.WriteString("intentsRefused", view.IntentsRefused);
    }

    private static void WriteProblem(Utf8JsonWriter writer, StatusFinding finding)
    {
        writer.WriteString("code", finding.Code);
        writer.WriteString("text", finding.Text);
        JsonText.WriteNumber(writer, "set", finding.Set);
        writer.WriteString("member", finding.Member);
        writer.WriteString("proxy", finding.Proxy);
    }

    private static void WriteSet(Utf8JsonWriter writer, SetCalls set)
    {
        writer.WriteNumber("set", set.Set);
        writer.WriteNumber("members", set.Members.Count);
        writer.WriteNumber("ready", set.Members.Count(static member => member.IsReady));
        writer.WriteNumber("drained", set.Drained);
        writer.WriteNumber("getCalls", set.Getting);
        writer.WriteNumber("getSomeCalls", set.Partly);
        writer.WriteNumber("failOverOnly", set.FailOverOnly);
        writer.WriteNumber("unknown", set.Unknown);
        writer.WriteNumber("proxies", set.Serving.Count);
        writer.WriteNumber("proxiesKnown", set.Serving.Count - set.InDoubt.Count);
        JsonText.WriteTexts(writer, "proxiesInDoubt", set.InDoubt.Select(static lens => lens.Proxy.Name));
    }

    private static void WriteMember(Utf8JsonWriter writer, MemberCalls calls, ClusterCalls cluster)
    {
        var announced = calls.Announced!;
        var (member, lease) = announced;
        writer.WriteNumber("set", member.Key.Set);
        writer.WriteString("name", member.Key.Name);
        writer.WriteString("uri", member.Uri.Text);
        writer.WriteString("state", MemberStateName.Of(member.State));
        writer.WriteString("reason", member.Reason);
        JsonText.WriteTime(writer, "since", member.Since);
        JsonText.WriteNumber(writer, "weight", member.Weight);
        JsonText.WriteNumber(writer, "slowStartSeconds", member.SlowStart?.TotalSeconds);
        writer.WriteBoolean("countsCalls", member.CountsCalls);
        writer.WriteNumber("priority", member.Priority);
        WriteEntries(writer, "attrs", member.Attributes);
        WriteEntries(writer, "labels", member.Labels);
        writer.WriteString("lease", lease > 0 ? Lease(lease) : null);
        writer.WriteString("calls", MemberText.Name(calls.Everywhere));
        IntentJson.WriteDrain(writer, announced.Intent);
        IntentJson.WriteWeight(writer, announced.Intent);
        IntentJson.WriteCalls(writer, cluster.Cluster.CallsOf(member.Key, cluster.Now), announced.Intent);
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
}
