using System.Diagnostics.CodeAnalysis;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>The Kamailio that <c>--kamailio</c> names: an address, or the first that answers where Kamailio usually listens.</summary>
internal sealed partial class KamailioTarget
{
    private const string Auto = "auto";
    private const int LongestFailure = 400;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    private readonly KamailioAddress? _address;
    private readonly IReadOnlyList<KamailioAddress> _candidates;

    private KamailioTarget(KamailioAddress? address, IReadOnlyList<KamailioAddress> candidates) => (_address, _candidates) = (address, candidates);

    /// <summary>Reads an address, <c>auto</c>, or <c>auto:/directory</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out KamailioTarget? target, [NotNullWhen(false)] out string? error)
    {
        target = null;
        if (text == Auto)
        {
            target = new KamailioTarget(null, [.. KamailioDiscovery.Directories.SelectMany(KamailioDiscovery.Candidates)]);
        }
        else if (text.StartsWith(Auto + ":", StringComparison.Ordinal))
        {
            var directory = text[(Auto.Length + 1)..];
            error = RpcClientOptions.CheckAbsolute(directory);
            target = error is null ? new KamailioTarget(null, [.. KamailioDiscovery.Candidates(directory.TrimEnd('/'))]) : null;
            return error is null;
        }
        else if (KamailioAddressText.TryParse(text, out var address, out error))
        {
            target = new KamailioTarget(address, []);
        }
        else
        {
            error += error.EndsWith('?') ? string.Empty : "; 'auto' tries the usual sockets";
            return false;
        }

        error = null;
        return true;
    }

    /// <summary>Probes once; null when no Kamailio answers, and then why not.</summary>
    public async Task<(KamailioAddress? Address, IReadOnlyList<string> Failures)> FindAsync(RpcClientOptions options, CancellationToken cancellationToken) =>
        _address is not null ? (_address, []) : await KamailioDiscovery.FindAsync(_candidates, options, cancellationToken).ConfigureAwait(false);

    /// <summary>Waits for a Kamailio that answers, and says which; null when cancelled before.</summary>
    public async Task<KamailioAddress?> AwaitAsync(RpcClientOptions options, IServiceState service, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger<KamailioTarget>();
        var isWaiting = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var (address, failures) = await FindAsync(options, cancellationToken).ConfigureAwait(false);
                if (address is not null)
                {
                    if (_address is null)
                    {
                        Found(logger, address);
                    }

                    return address;
                }

                if (!isWaiting)
                {
                    NotFound(logger, string.Join("; ", failures.Select(static failure => SafeText.Shorten(failure, LongestFailure))));
                    service.Status("No Kamailio answers at the usual sockets, looking on");
                    service.Ready();
                    isWaiting = true;
                }

                await Task.Delay(ProbeInterval, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // Of whoever listens there; a Kamailio may answer at the next probe.
                if (!isWaiting)
                {
                    Unexpected(logger, exception, exception.GetType().Name, exception.Message);
                    isWaiting = true;
                }

                await Task.Delay(ProbeInterval, CancellationToken.None).ConfigureAwait(false);
            }
        }

        return null;
    }

    [LoggerMessage(4000, LogLevel.Information, "Kamailio was found at {Address}")]
    private static partial void Found(ILogger logger, KamailioAddress address);

    [LoggerMessage(4002, LogLevel.Error, "Unexpected {Type} while looking for Kamailio ({Reason}): looking on. This is a fault of kamrpc; please report it with this line")]
    private static partial void Unexpected(ILogger logger, Exception exception, string type, string reason);

    [LoggerMessage(4001, LogLevel.Warning, "No Kamailio answers at the usual sockets, looking on: {Failures}")]
    private static partial void NotFound(ILogger logger, string failures);
}
