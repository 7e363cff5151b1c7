using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Sources.Records;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;
using static KamRpcDispatcher.Etcd.Reports.Format.ReportHead;

namespace KamRpcDispatcher.Local;

/// <summary>What a dispatcher answers on its own machine: its report as etcd has it, or would have it, and how old what it says is.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Proxy">The proxy's name.</param>
/// <param name="Report">The report as of now; null while there is nothing to report: neither etcd nor what was saved has told who the members are.</param>
/// <param name="Age">How long ago its loop told what the report says of Kamailio's list.</param>
public sealed record StatusAnswer(string Cluster, string Proxy, ProxyStatus? Report, TimeSpan Age)
{
    /// <summary>More than the longest answer has, in bytes.</summary>
    internal const int MostBytes = 64 * 1024;

    private const int LongestReason = 200;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <summary>How many changes of state (enable, disable) are owed.</summary>
    public int Owed { get; init; }

    /// <summary>For how long there have been no fewer.</summary>
    public TimeSpan OwedFor { get; init; }

    /// <summary>Since when etcd cannot be followed; null where it can.</summary>
    public DateTimeOffset? EtcdAwaySince { get; init; }

    /// <summary>Why not, as it was found: shorten it before printing.</summary>
    public string? EtcdReason { get; init; }

    /// <summary>One line of JSON.</summary>
    internal byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("cluster", Cluster);
            writer.WriteString("name", Proxy);
            writer.WriteNumber("ageMs", (long)Age.TotalMilliseconds);
            writer.WriteNumber("owed", Owed);
            writer.WriteNumber("owedForMs", (long)OwedFor.TotalMilliseconds);
            WriteTime(writer, "etcdAwaySince", EtcdAwaySince);
            WriteText(writer, "etcdReason", EtcdReason is { } reason ? ReportText.Line(reason, LongestReason) : null);
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

    /// <summary>Reads an answer; <paramref name="error"/> names the first thing that is wrong with it, safe to print. Its texts are as they were found.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out StatusAnswer? answer, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(line, ReaderOptions, Read, out answer, out error);

    private static StatusAnswer Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the answer is JSON, but not an object");
        }

        return new StatusAnswer(
            Text(root, "cluster"),
            Text(root, "name"),
            Has(root, "report") ? new ProxyReader(Field(root, "report", JsonValueKind.Object)).Read() : null,
            Time(root, "ageMs"))
        {
            Owed = Count(root, "owed"),
            OwedFor = Time(root, "owedForMs"),
            EtcdAwaySince = OptionalTime(root, "etcdAwaySince"),
            EtcdReason = OptionalText(root, "etcdReason"),
        };

        static TimeSpan Time(JsonElement of, string name) => TimeSpan.FromMilliseconds(Count(of, name, int.MaxValue));
    }
}
