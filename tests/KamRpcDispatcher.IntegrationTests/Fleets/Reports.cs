using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Reads a proxy's report as everybody does who looks into etcd.</summary>
internal sealed class Reports(EtcdConnection store, string proxy = "p1")
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly ByteString _key = ByteString.CopyFromUtf8(new EtcdKeys("default").Proxy(proxy));

    /// <summary>The report, and how often it was written since its key was made; null when there is none.</summary>
    public async Task<(ProxyStatus Status, long Writes, int Bytes)?> ReadAsync()
    {
        var found = await store.Keys.RangeAsync(new RangeRequest { Key = _key });
        return found.Kvs is [{ } pair] && ProxyRecord.TryRead(pair.Value.Memory, out var status, out _) ? (status, pair.Version, pair.Value.Length) : null;
    }

    /// <summary>The first report that is as wanted.</summary>
    /// <param name="condition">What is wanted.</param>
    /// <param name="since">From when on it counts how long it took; now if nothing is said.</param>
    /// <param name="within">How long it may take.</param>
    public async Task<ProxyStatus> WaitAsync(Func<ProxyStatus, bool> condition, long? since = null, TimeSpan? within = null)
    {
        for (var begun = since ?? Stopwatch.GetTimestamp(); ; await Task.Delay(BetweenLooks))
        {
            var report = await ReadAsync();
            if (report is { } read && condition(read.Status))
            {
                return read.Status;
            }

            if (Stopwatch.GetElapsedTime(begun) > (within ?? Fleet.Deadline))
            {
                throw new TimeoutException($"The report is not as wanted within {within ?? Fleet.Deadline}:\n{(report is { } last ? System.Text.Encoding.UTF8.GetString(ProxyReport.Write(last.Status)) : "there is none")}");
            }
        }
    }
}
