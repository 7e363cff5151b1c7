using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>Writes a proxy's status under <c>proxies/&lt;proxy&gt;</c>, under a lease: the key is there as long as the daemon lives.</summary>
/// <remarks><see cref="ProxyRecord"/> reads it.</remarks>
internal sealed class ProxyReport : IProxyReport
{
    /// <summary>Until it is looked again whether another proxy's having the name is still to be told.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly LeaseKeeper _keeper;
    private readonly LeasedRecord _record;
    private readonly ProxyName _name;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _writing = new();
    private ProxyStatus? _status;
    private ProxyTrouble? _clash;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="store">The connection.</param>
    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="proxy">The proxy's name.</param>
    /// <param name="identity">Which Kamailio it is, as far as that is known by now.</param>
    /// <param name="ttl">How long the report outlives the daemon.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public ProxyReport(EtcdStore store, EtcdKeys keys, string proxy, Func<ProxyIdentity> identity, TimeSpan ttl, TimeProvider timeProvider, ILogger<ProxyReport> logger)
    {
        _timeProvider = timeProvider;
        _name = new ProxyName(proxy, identity, ttl, timeProvider, logger);
        _keeper = new LeaseKeeper(store, ttl, timeProvider, logger);
        _record = _keeper.Add(keys.Proxy(proxy), farewell: null, _name.MayTakeOver, takesBack: true);
    }

    public void Report(ProxyStatus status)
    {
        lock (_writing)
        {
            _status = status;
            Update();
        }

        _first.TrySetResult();
    }

    /// <summary>Keeps the status in the store from the first report on, until cancelled.</summary>
    /// <param name="expect">Told how long the next step takes at most, so that a loop that hangs is noticed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ProxyNameTakenException">Another proxy has the name, and this one has just been started.</exception>
    public async Task RunAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        await _first.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [_keeper.RunAsync(expect, life.Token), WatchNameAsync(life.Token), _name.Taken];
        try
        {
            await await Task.WhenAny(parts).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            await parts[0].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await parts[1].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Tells of another proxy with the name, for as long as it was seen lately.</summary>
    private async Task WatchNameAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_record.IsHeld)
            {
                _name.Held();
            }

            lock (_writing)
            {
                if (_clash != _name.Clash)
                {
                    Update();
                }
            }

            await Task.Delay(BetweenLooks, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Update()
    {
        _clash = _name.Clash;
        _record.Update(Write(Signed(_status!, _name.Identity, _clash)));
    }

    /// <summary>Of two proxies with one name nobody can tell which one has silenced whom: nothing is acknowledged then.</summary>
    internal static ProxyStatus Signed(ProxyStatus status, ProxyIdentity identity, ProxyTrouble? clash) => clash is null
        ? status with { Identity = identity }
        : status with { Identity = identity, Silenced = 0, Troubles = [clash, .. status.Troubles] };

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

            WriteIdentity(writer, status.Identity);
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
            if (status.MoreSuperseded > 0)
            {
                writer.WriteNumber("moreSuperseded", status.MoreSuperseded);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteIdentity(Utf8JsonWriter writer, ProxyIdentity? identity)
    {
        if (identity is null)
        {
            return;
        }

        writer.WriteStartObject("identity");
        writer.WriteString("machine", identity.Machine);
        writer.WriteString("host", identity.Host);
        writer.WriteString("kamailio", identity.Kamailio);
        if (identity.Process is { } process)
        {
            writer.WriteString("process", process);
        }

        writer.WriteEndObject();
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
