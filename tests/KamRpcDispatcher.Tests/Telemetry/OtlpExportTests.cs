using System.Net;
using System.Text;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Telemetry;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>Metrics that are sent to a collector.</summary>
public sealed class OtlpExportTests
{
    [Test]
    public async Task A_collector_gets_what_is_told()
    {
        var port = RealServers.FreePort();
        using var collector = new HttpListener();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        var received = ReceiveAsync(collector);
        using var meter = new TelemetryMeter();
        meter.Gauge("kamrpc_proxy_drained", "Whether.", static () => 1);

        // Its end sends what there is.
        OtlpExport.Start(new Uri($"http://127.0.0.1:{port}/v1/metrics"), TelemetryMeter.Name, "edge-1", NullLoggerFactory.Instance).Dispose();
        var (path, body) = await received.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.That(path, Is.EqualTo("/v1/metrics"));
        Assert.That(body, Does.Contain("kamrpc_proxy_drained").And.Contain("edge-1"));
    }

    private static async Task<(string Path, string Body)> ReceiveAsync(HttpListener collector)
    {
        var context = await collector.GetContextAsync();
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        context.Response.Close();
        return (context.Request.Url!.AbsolutePath, Encoding.Latin1.GetString(body.ToArray()));
    }
}
