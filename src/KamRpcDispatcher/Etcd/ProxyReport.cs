using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>Writes a proxy's status under <c>proxies/&lt;proxy&gt;</c>, under a lease: the key is there as long as the daemon lives.</summary>
/// <remarks><see cref="ProxyRecord"/> reads it.</remarks>
internal sealed class ProxyReport : IProxyReport
{
    private readonly LeaseKeeper _keeper;
    private readonly LeasedRecord _record;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProxyReport(EtcdStore store, EtcdKeys keys, string proxy, TimeSpan ttl, TimeProvider timeProvider, ILogger<ProxyReport> logger)
    {
        _keeper = new LeaseKeeper(store, ttl, timeProvider, logger);
        _record = _keeper.Add(keys.Proxy(proxy), farewell: null, static _ => true);
    }

    public void Report(ProxyStatus status)
    {
        _record.Update(Write(status));
        _first.TrySetResult();
    }

    /// <summary>Keeps the status in the store from the first report on, until cancelled.</summary>
    /// <param name="expect">Told how long the next step takes at most, so that a loop that hangs is noticed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        await _first.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await _keeper.RunAsync(expect, cancellationToken).ConfigureAwait(false);
    }

    internal static byte[] Write(ProxyStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("revision", status.Revision);
            if (status.Silenced is { } silenced)
            {
                writer.WriteNumber("silenced", silenced);
            }

            if (status.Applies.Length > 0)
            {
                writer.WriteStartArray("applies");
                foreach (var kind in status.Applies)
                {
                    writer.WriteStringValue(kind);
                }

                writer.WriteEndArray();
            }

            writer.WriteString("appliedAt", status.AppliedAt);
            writer.WriteString("kamailio", status.Kamailio);
            writer.WriteNumber("drift", status.Drift);
            writer.WriteStartObject("sets");
            foreach (var (set, counts) in status.Sets)
            {
                writer.WriteStartObject(set.ToString(CultureInfo.InvariantCulture));
                writer.WriteNumber("destinations", counts.Destinations);
                writer.WriteNumber("routable", counts.Routable);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            WriteGrace(writer, status.Grace);
            if (status.IsFromSnapshot)
            {
                writer.WriteBoolean("fromSnapshot", true);
            }

            WriteArray(writer, "trouble", [.. status.Troubles.Take(ProxyTrouble.MostInReport)], static (json, trouble) =>
            {
                json.WriteString("kind", trouble.Kind);
                json.WriteString("since", trouble.Since);
                json.WriteString("text", trouble.Capped().Text);
            });
            WriteArray(writer, "held", status.Held, static (json, member) =>
            {
                json.WriteString("member", member.Key.ToString());
                json.WriteString("uri", member.Uri.Text);
            });
            WriteArray(writer, "quarantined", status.Quarantined, static (json, destination) =>
            {
                json.WriteNumber("set", destination.Set);
                json.WriteString("uri", destination.Uri);
                json.WriteString("reason", destination.Reason);
                json.WriteString("retryAt", destination.RetryAt);
            });
            WriteArray(writer, "superseded", status.Superseded, static (json, member) =>
            {
                json.WriteString("member", member.Member.ToString());
                json.WriteString("by", member.Holder.ToString());
                json.WriteBoolean("served", member.IsServed);
            });
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteGrace(Utf8JsonWriter writer, GraceStatus grace)
    {
        writer.WriteStartObject("grace");
        writer.WriteString("mode", grace.Mode);
        writer.WriteNumber("count", grace.Count);
        writer.WriteNumber("p50Ms", Math.Round(grace.MedianMilliseconds, 2));
        writer.WriteNumber("p99Ms", Math.Round(grace.P99Milliseconds, 2));
        writer.WriteNumber("maxMs", Math.Round(grace.MaxMilliseconds, 2));
        writer.WriteNumber("timeouts", grace.Timeouts);
        writer.WriteEndObject();
    }

    private static void WriteArray<T>(Utf8JsonWriter writer, string name, IReadOnlyCollection<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
