using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;

namespace KamRpcDispatcher.Local;

/// <summary>
/// What a dispatcher answers on its own machine whose members do not all come from etcd: what etcd would hold of its cluster, which is its members and its own report. One object of
/// <c>cluster</c>, <c>name</c> (the proxy's), <c>sources</c>, <c>etcd</c> where it uses etcd too, and, once there are members, <c>revision</c>, <c>members</c> (objects of <c>set</c>, <c>name</c>, <c>revision</c>,
/// <c>record</c>, a <see cref="MemberRecord"/>, and <c>drain</c>, an <see cref="IntentRecord"/>, of one whom an operator has drained), <c>rejected</c> and <c>report</c>.
/// </summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Proxy">The proxy's name.</param>
/// <param name="Sources">Where its members come from.</param>
public sealed record WholeAnswer(string Cluster, string Proxy, IReadOnlyList<MemberSource> Sources)
{
    /// <summary>More than the longest answer has, in bytes: some 100,000 members.</summary>
    internal const int MostBytes = 64 * 1024 * 1024;

    private const int LongestReason = 512;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <summary>Where its members come from, in words.</summary>
    public string Names => string.Join(", ", Sources.Select(static source => source.Name));

    /// <summary>Whether it uses etcd too: for what operators wish, and for the members of some sets.</summary>
    public bool UsesEtcd { get; init; }

    /// <summary>The members as they are followed, and as operators wish; null while no source has told any.</summary>
    public Membership? Membership { get; init; }

    /// <summary>Of members that are ready but for that an operator has drained them whose wish that is, and why.</summary>
    public IReadOnlyDictionary<MemberKey, Intent> Drains { get; init; } = ImmutableDictionary<MemberKey, Intent>.Empty;

    /// <summary>The proxy's report; null while there is none.</summary>
    public ProxyStatus? Report { get; init; }

    /// <summary>The cluster as somebody would read it from etcd. Each source counts revisions of its own: none of them is later than that of the membership.</summary>
    public ClusterView ToView() => new(
        Membership?.Revision ?? 0,
        Membership?.Revision ?? 0,
        [.. (Membership?.Members ?? []).Select(member => AnnouncedMember.Told(member, Drains.GetValueOrDefault(member.Key)) with { ModRevision = Math.Min(member.CreatedRevision, Membership!.Revision) })],
        Membership?.Rejected ?? [],
        [new ReportingProxy(Proxy, Report is null ? null : Report with { Sources = [], MoreSources = 0 }, Report is null ? "it has not compared its members with Kamailio's list yet: no source has told them, or Kamailio does not answer" : null) { ModRevision = Report?.WrittenAt?.UtcTicks ?? 0 }])
    {
        Sources = Sources,
        IsUntold = Membership is null,
        IsOfOneProxy = UsesEtcd,
        MemberRecords = Membership?.Records,
    };

    internal byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("cluster", Cluster);
            writer.WriteString("name", Proxy);
            if (UsesEtcd)
            {
                writer.WriteBoolean("etcd", true);
            }

            writer.WriteStartArray("sources");
            foreach (var source in Sources)
            {
                writer.WriteStartObject();
                writer.WriteString("source", source.Name);
                if (source.AwaySince is { } since)
                {
                    writer.WriteString("awaySince", since.UtcDateTime);
                    writer.WriteString("reason", SafeText.Shorten(source.Reason ?? string.Empty, LongestReason));
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteMembers(writer);
            if (Report is not null)
            {
                writer.WritePropertyName("report");
                writer.WriteRawValue(ReportWriter.Write(Report));
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private void WriteMembers(Utf8JsonWriter writer)
    {
        if (Membership is not { } membership)
        {
            return;
        }

        writer.WriteNumber("revision", membership.Revision);
        writer.WriteNumber("records", membership.Records ?? membership.Members.Count);
        writer.WriteStartArray("members");
        foreach (var member in membership.Members)
        {
            writer.WriteStartObject();
            writer.WriteNumber("set", member.Key.Set);
            writer.WriteString("name", member.Key.Name);
            writer.WriteNumber("revision", member.CreatedRevision);
            writer.WritePropertyName("record");
            writer.WriteRawValue(MemberRecord.Write(member));
            if (Drains.TryGetValue(member.Key, out var drain))
            {
                writer.WritePropertyName("drain");
                writer.WriteRawValue(IntentRecord.Write(drain));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("rejected");
        foreach (var rejected in membership.Rejected)
        {
            writer.WriteStartObject();
            writer.WriteString("key", rejected.Key);
            writer.WriteString("reason", rejected.Reason);
            writer.WriteBoolean("keepsLastGood", rejected.KeepsLastGood);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Reads an answer; <paramref name="error"/> names the first thing that is wrong with it, safe to print.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out WholeAnswer? answer, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(line, ReaderOptions, Read, out answer, out error);

    private static WholeAnswer Read(JsonElement root) => root.ValueKind != JsonValueKind.Object
        ? throw new FormatException("the answer is JSON, but not an object")
        : new WholeAnswer(Text(root, "cluster"), Text(root, "name"), Items(root, "sources", static entry => new MemberSource(SafeText.Shorten(Text(entry, "source"), LongestReason), OptionalTime(entry, "awaySince"), OptionalText(entry, "reason") is { } reason ? SafeText.Shorten(reason, LongestReason) : null)))
        {
            UsesEtcd = Flag(root, "etcd"),
            Membership = Has(root, "members") ? ReadMembers(root) : null,
            Drains = Has(root, "members") ? Items(root, "members", ReadDrain).OfType<Intent>().ToDictionary(static drain => drain.Key) : ImmutableDictionary<MemberKey, Intent>.Empty,
            Report = Has(root, "report") ? new ProxyReader(Field(root, "report", JsonValueKind.Object)).Read() : null,
        };

    private static Membership ReadMembers(JsonElement root) => new(
        Count(root, "revision", long.MaxValue),
        Items(root, "members", ReadMember),
        Items(root, "rejected", static entry => new RejectedRecord(Text(entry, "key"), Text(entry, "reason"), RequiredFlag(entry, "keepsLastGood"))))
    {
        Records = Count(root, "records"),
    };

    private static MemberKey ReadKey(JsonElement entry) =>
        MemberKey.TryParse(FormattableString.Invariant($"{Count(entry, "set")}/{Text(entry, "name")}"), out var key, out var wrong) ? key : throw new FormatException(wrong);

    private static Member ReadMember(JsonElement entry) => ReadKey(entry) is var key && MemberRecord.TryRead(key, Raw(entry, "record"), out var member, out var error)
        ? member with { CreatedRevision = Count(entry, "revision", long.MaxValue) }
        : throw new FormatException($"member {key}: {error}");

    private static Intent? ReadDrain(JsonElement entry) => !Has(entry, "drain") ? null
        : ReadKey(entry) is var key && IntentRecord.TryRead(key, Raw(entry, "drain"), out var drain, out var error) ? drain
        : throw new FormatException($"member {key}: drain: {error}");

    private static byte[] Raw(JsonElement entry, string name) => JsonMarshal.GetRawUtf8Value(Field(entry, name, JsonValueKind.Object)).ToArray();
}
