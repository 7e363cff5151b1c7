using System.Net;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Destinations;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>
/// Answers over HTTP. The server alone, without a host: no file, variable or argument but kamrpc's own says what it does, and it takes less memory.
/// A port that is taken keeps nobody from anything else: it is tried again until it is free.
/// </summary>
internal sealed partial class MetricsServer(IPEndPoint address, HttpAnswers answers, TimeProvider timeProvider, ILogger<MetricsServer> logger)
{
    private const int MostConnections = 300;

    /// <summary>Of ten connections so many may be open pages: monitors get in at any time.</summary>
    private const int PagesOfTen = 8;

    /// <summary>Of the files that the process may have open so many are for all else.</summary>
    private const ulong OtherDescriptors = 200;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(200);

    private bool _isTold;

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using (var server = New(address))
            {
                try
                {
                    await server.StartAsync(new Application(answers), cancellationToken).ConfigureAwait(false);
                    Told(server);
                    await Task.Delay(Timeout.InfiniteTimeSpan, timeProvider, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
                {
                    NotTold(exception);
                }
                finally
                {
                    using var patience = new CancellationTokenSource(StopPatience);
                    await server.StopAsync(patience.Token).ConfigureAwait(false);
                }
            }

            await Task.Delay(RetryInterval, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A server that is bound by how much it takes, whoever asks.</summary>
    internal static KestrelServer New(IPEndPoint address)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        var limits = options.Limits;
        limits.MaxConcurrentConnections = Connections(AddressSpace.Descriptors);
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestBodySize = 0;
        limits.MaxRequestLineSize = 2 * 1024;
        limits.MaxRequestHeadersTotalSize = 8 * 1024;
        limits.MaxRequestHeaderCount = 40;
        limits.MaxRequestBufferSize = 16 * 1024;
        limits.MaxResponseBufferSize = 16 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);

        // Longer than the minute of a monitor that asks so rarely.
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(70);
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 4 * 1024, gracePeriod: TimeSpan.FromSeconds(5));
        options.Listen(address, static listening => listening.Protocols = HttpProtocols.Http1);

        // What strangers send is no matter for the daemon's log.
        var silent = NullLoggerFactory.Instance;
        return new KestrelServer(new OptionsWrapper<KestrelServerOptions>(options), new SocketTransportFactory(new OptionsWrapper<SocketTransportOptions>(new SocketTransportOptions { IOQueueCount = 1, Backlog = 128 }), silent), silent);
    }

    /// <summary>Where there are few descriptors most of them are left to etcd and Kamailio.</summary>
    internal static long Connections(ulong descriptors) => descriptors <= OtherDescriptors ? 1 : (long)Math.Clamp((descriptors - OtherDescriptors) / 2, 1, (ulong)MostConnections);

    /// <summary>As many pages may be open.</summary>
    internal static int Pages(ulong descriptors) => (int)Math.Max(1, Connections(descriptors) * PagesOfTen / 10);

    private void Told(KestrelServer server)
    {
        _isTold = false;
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses;
        Tells(logger, addresses is { Count: > 0 } ? addresses.First() : $"http://{address}");
    }

    private void NotTold(Exception exception)
    {
        if (!_isTold)
        {
            _isTold = true;
            TellsNothing(logger, address.ToString(), SafeText.Shorten(exception.InnerException?.Message ?? exception.Message, longest: 200));
        }
    }

    [LoggerMessage(4030, LogLevel.Information, "Metrics and health are told at {Address}")]
    private static partial void Tells(ILogger logger, string address);

    [LoggerMessage(4031, LogLevel.Warning, "Metrics and health are not told over HTTP: {Address} cannot be listened on ({Reason}). Trying on; --metrics names another address, or none")]
    private static partial void TellsNothing(ILogger logger, string address, string reason);

    internal sealed class Application(HttpAnswers answers) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => answers.AnswerAsync(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
