using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>Sends the metrics to a collector each minute, by OTLP over HTTP.</summary>
internal static class OtlpExport
{
    private const int Interval = 60_000;
    private const int Patience = 5_000;

    /// <summary>Of a metric with members' names: more than there are at a time.</summary>
    private const int MostMembers = 20_000;

    private const int MostOthers = 2_000;

    /// <param name="collector">Where to.</param>
    /// <param name="meter">Whose metrics.</param>
    /// <param name="instance">The name of this daemon there.</param>
    /// <param name="logs">Where to log.</param>
    public static IDisposable Start(Uri collector, string meter, string instance, ILoggerFactory logs)
    {
        var line = new CollectorLine(collector, logs.CreateLogger<CollectorLine>());
        var builder = Sdk.CreateMeterProviderBuilder()
            .AddMeter(meter)
            .ConfigureResource(resource => resource.AddService("kamrpc", serviceInstanceId: instance))
            .AddView(static instrument => new MetricStreamConfiguration { CardinalityLimit = instrument.Name.StartsWith("kamrpc_member_", StringComparison.Ordinal) ? MostMembers : MostOthers });
        return builder.AddReader(new PeriodicExportingMetricReader(
            new OtlpMetricExporter(new OtlpExporterOptions
            {
                Endpoint = collector,
                Protocol = OtlpExportProtocol.HttpProtobuf,
                TimeoutMilliseconds = Patience,
                HttpClientFactory = () => new HttpClient(line, disposeHandler: false) { Timeout = TimeSpan.FromMilliseconds(Patience) },
            }),
            Interval,
            Patience)).Build();
    }
}

/// <summary>The way to a collector, which tells when it leads nowhere, and when it does again.</summary>
internal sealed partial class CollectorLine : DelegatingHandler
{
    private const int LongestReason = 200;

    private readonly Uri _collector;
    private readonly ILogger _logger;
    private bool _isAway;

    // As for etcd: a proxy of the environment is for web traffic.
    public CollectorLine(Uri collector, ILogger logger)
        : base(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) =>
        (_collector, _logger) = (collector, logger);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Answered(base.Send(request, cancellationToken));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            Failed(exception.Message);
            throw;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Answered(await base.SendAsync(request, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            Failed(exception.Message);
            throw;
        }
    }

    private HttpResponseMessage Answered(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            Failed($"it answers {(int)response.StatusCode}");
        }
        else if (_isAway)
        {
            _isAway = false;
            SentAgain(_logger, _collector);
        }

        return response;
    }

    private void Failed(string reason)
    {
        if (!_isAway)
        {
            _isAway = true;
            NotSent(_logger, _collector, SafeText.Shorten(reason, LongestReason));
        }
    }

    [LoggerMessage(4033, LogLevel.Warning, "Metrics cannot be sent to {Collector} ({Reason}). Trying on, each minute")]
    private static partial void NotSent(ILogger logger, Uri collector, string reason);

    [LoggerMessage(4034, LogLevel.Information, "Metrics are sent to {Collector} again")]
    private static partial void SentAgain(ILogger logger, Uri collector);
}
