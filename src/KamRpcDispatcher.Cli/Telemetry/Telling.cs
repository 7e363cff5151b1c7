using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>
/// Tells metrics and health beside a daemon, as its options say. Begins when the daemon has done what it is there for, or says what it waits for: a start
/// takes no longer for it.
/// </summary>
internal sealed partial class Telling : IServiceState, IAsyncDisposable
{
    /// <summary>A daemon that waits for Kamailio is asked how it is, too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FarewellPatience = TimeSpan.FromMilliseconds(500);

    private readonly MetricsExposure _exposure;
    private readonly IServiceState _service;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _life = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile MetricsText? _text;
    private volatile IDisposable? _export;
    private Task _running = Task.CompletedTask;

    /// <param name="exposure">Where, and whom.</param>
    /// <param name="service">Whoever started the daemon, to whom all is passed on.</param>
    /// <param name="logs">Where to log.</param>
    public Telling(MetricsExposure exposure, IServiceState service, ILoggerFactory logs)
    {
        (_exposure, _service, _logs) = (exposure, service, logs);
        _logger = logs.CreateLogger<Telling>();
    }

    /// <summary>The metrics; null while there are none, and where nobody can ask.</summary>
    public byte[]? Metrics() => _text?.Read();

    /// <summary>There is a daemon with metrics from now on.</summary>
    /// <param name="meter">Its meter.</param>
    /// <param name="instance">Its name, for a collector.</param>
    public void Follow(Meter meter, string instance)
    {
        if (_exposure.Address is not null)
        {
            _text = new MetricsText(meter, TimeProvider.System);
        }

        if (_exposure.Collector is { } collector)
        {
            _export = OtlpExport.Start(collector, meter.Name, instance, _logs);
        }
    }

    /// <summary>Answers from when the daemon is ready on.</summary>
    public void Begin(HttpSubject subject)
    {
        if (_exposure.Address is { } address)
        {
            var answers = new HttpAnswers(subject, new HttpAccess(_exposure), new HttpPace(TimeProvider.System));
            var server = new MetricsServer(address, answers, TimeProvider.System, _logs.CreateLogger<MetricsServer>());
            _running = Task.Run(() => RunAsync(server, _life.Token));
        }
    }

    /// <summary>Reads the token again.</summary>
    public void ReadFilesAgain() => ReadAgain(_exposure, _logger);

    /// <summary>Reads a token again.</summary>
    public static void ReadAgain(MetricsExposure exposure, ILogger logger)
    {
        if (exposure.Token?.ReadAgain() is { } error)
        {
            TokenKept(logger, error);
        }
    }

    public void Ready()
    {
        _service.Ready();
        _ready.TrySetResult();
    }

    public void Stopping() => _service.Stopping();

    public void Status(string text) => _service.Status(text);

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _text?.Dispose();

        if (_export is { } export)
        {
            // It sends what is left; the collector may be away.
            await Task.Run(export.Dispose).WaitAsync(FarewellPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _life.Dispose();
    }

    private async Task RunAsync(MetricsServer server, CancellationToken cancellationToken)
    {
        await Task.WhenAny(_ready.Task, Task.Delay(Patience, cancellationToken)).ConfigureAwait(false);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await server.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                Failed(_logger, exception);
                await Task.Delay(Patience, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(4032, LogLevel.Warning, "The token of --metrics-token-file stays what it was: {Reason}")]
    private static partial void TokenKept(ILogger logger, string reason);

    [LoggerMessage(4035, LogLevel.Error, "Unexpected in what tells metrics and health over HTTP: going on. This is a fault of kamrpc; please report it with this line")]
    private static partial void Failed(ILogger logger, Exception exception);
}
