using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Cli.Health;

/// <summary>What is asked of <c>kamrpc health</c>.</summary>
/// <param name="Etcd">How etcd is reached: asked only where no dispatcher answers.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Kamailio">The Kamailio beside which this runs.</param>
/// <param name="Rpc">How it is called.</param>
/// <param name="Directories">Where the dispatcher may answer.</param>
/// <param name="Proxy">The proxy's name; null for the one that a dispatcher of this Kamailio takes unless it is told another one.</param>
/// <param name="Sets">The sets that count; null for all.</param>
/// <param name="IsStrict">Whether a dispatcher has to answer.</param>
/// <param name="Timeout">How long all of it may take.</param>
internal sealed record HealthRequest(
    EtcdOptions Etcd, string Cluster, KamailioTarget Kamailio, RpcClientOptions Rpc, IReadOnlyList<string> Directories, string? Proxy, IReadOnlySet<int>? Sets, bool IsStrict, TimeSpan Timeout);

/// <summary>Finds out whether calls should come to the proxy on this machine: asks its dispatcher, and only where that does not know Kamailio and etcd. Nothing is changed.</summary>
internal sealed class HealthRun(HealthRequest request, string host, TimeProvider timeProvider)
{
    private const int LongestFailure = 300;

    public async Task<HealthVerdict> RunAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(request.Timeout);
        var proxy = request.Proxy;
        try
        {
            KamailioAddress? address = null;
            if (proxy is null)
            {
                (address, var failures) = await request.Kamailio.FindAsync(request.Rpc, patience.Token).ConfigureAwait(false);
                if (address is null)
                {
                    return NotFound(failures, proxy);
                }

                proxy = DispatcherOptions.DefaultProxy(address, host);
            }

            var judge = new HealthJudge(proxy, request.Sets, timeProvider.GetUtcNow());
            var reply = await StatusQuery.AskAsync(request.Directories, request.Cluster, proxy, request.Timeout / 2, patience.Token).ConfigureAwait(false);
            if (reply.Answer is { } answer && judge.OfDispatcher(answer) is { } told)
            {
                return told;
            }

            var why = reply.Failure ?? "the dispatcher has not seen the members and Kamailio's list yet";
            return request.IsStrict ? new HealthVerdict(HealthReason.NoDispatcher, why) { Proxy = proxy } : await AskAroundAsync(judge, proxy, address, why, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Lost($"nothing answers within {DurationText.Of(request.Timeout)}, neither a dispatcher nor Kamailio", proxy);
        }
        catch (KamailioRpcException exception)
        {
            return Lost(SafeText.Shorten(exception.Message, LongestFailure), proxy);
        }
    }

    private static HealthVerdict Lost(string text, string? proxy) => new(HealthReason.KamailioLost, text) { Proxy = proxy };

    private static HealthVerdict NotFound(IReadOnlyList<string> failures, string? proxy) =>
        Lost($"no Kamailio answers at the usual sockets: {SafeText.Shorten(string.Join("; ", failures), LongestFailure)}", proxy);

    /// <summary>Kamailio has its list without a dispatcher too, and etcd knows whether an operator wants the VIP to stay away.</summary>
    private async Task<HealthVerdict> AskAroundAsync(HealthJudge judge, string proxy, KamailioAddress? address, string why, CancellationToken cancellationToken)
    {
        using var replies = new MadeDirectory(request.Rpc.ReplyDirectory);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var usesNoEtcd = await UsesNoEtcdAsync(proxy, cancellationToken).ConfigureAwait(false);
        over.CancelAfter(request.Timeout / 2);
        var draining = usesNoEtcd ? Task.FromResult<(HealthDrain?, string?)>((null, null)) : ReadDrainAsync(proxy, over.Token);
        try
        {
            if (address is null)
            {
                (address, var failures) = await request.Kamailio.FindAsync(request.Rpc, cancellationToken).ConfigureAwait(false);
                if (address is null)
                {
                    return NotFound(failures, proxy);
                }
            }

            var listing = await KamailioListing.ReadAsync(address, request.Rpc, request.Cluster, cancellationToken).ConfigureAwait(false);
            var (drain, unknown) = await draining.ConfigureAwait(false);
            return judge.OfKamailio(listing, why, drain, unknown);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await ((Task)draining).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Where the dispatcher of this proxy answers that it uses no etcd, nobody can have drained it there.</summary>
    private async Task<bool> UsesNoEtcdAsync(string proxy, CancellationToken cancellationToken) =>
        (await WholeQuery.FindAsync(request.Directories, request.Cluster, [proxy], [], cancellationToken).ConfigureAwait(false)).Any(one => one.Answer.Proxy == proxy);

    private async Task<(HealthDrain? Drain, string? Unknown)> ReadDrainAsync(string proxy, CancellationToken cancellationToken)
    {
        try
        {
            using var store = new EtcdConnection(request.Etcd, timeProvider);
            return await ProxyIntentReader.ReadAsync(store, new EtcdKeys(request.Cluster), proxy, cancellationToken).ConfigureAwait(false) is Intent { IsDrained: true } drain
                ? (new HealthDrain(drain.By, drain.At, drain.Reason), null)
                : (null, null);
        }
        catch (Exception exception) when (exception is EtcdUnreachableException or IOException or UnauthorizedAccessException)
        {
            return (null, SafeText.Shorten(exception.Message, LongestFailure));
        }
        catch (OperationCanceledException)
        {
            return (null, "etcd does not answer");
        }
    }
}
