using KamailioRpc;
using KamailioRpc.Errors;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>Another way to read the list of the same Kamailio, for one that is too long for the way of changes.</summary>
internal interface IReadWay
{
    /// <summary>The way; null when there is none.</summary>
    /// <exception cref="KamailioRpcException">Kamailio does not answer by the way of changes.</exception>
    ValueTask<IRpcClient?> GetAsync(CancellationToken cancellationToken);

    /// <summary>The way does not work: a found one is searched for anew.</summary>
    void Forget();
}

/// <summary>The one that the operator named, if any.</summary>
internal sealed class GivenReadWay(IRpcClient? way) : IReadWay
{
    public ValueTask<IRpcClient?> GetAsync(CancellationToken cancellationToken) => new(way);

    public void Forget()
    {
    }
}

/// <summary>The FIFO or ctl's socket, where they are open and the same Kamailio answers there.</summary>
internal sealed class FoundReadWay(IRpcClient client, RpcClientOptions options, TimeProvider timeProvider, ILogger<FoundReadWay> logger) : IReadWay, IAsyncDisposable
{
    /// <summary>A search is a handful of calls: not for each reading. A Kamailio that still starts is soon asked again.</summary>
    private static readonly TimeSpan BetweenSearches = TimeSpan.FromSeconds(2);

    private readonly LogLimit _found = new(timeProvider);
    private readonly LogLimit _notFound = new(timeProvider, most: 1);
    private RpcClient? _way;
    private long? _searched;

    public async ValueTask<IRpcClient?> GetAsync(CancellationToken cancellationToken)
    {
        if (_way is not null || (_searched is { } searched && timeProvider.GetElapsedTime(searched) < BetweenSearches))
        {
            return _way;
        }

        _searched = timeProvider.GetTimestamp();
        var (address, reasons) = await KamailioReadWay.FindAsync(client, options, cancellationToken).ConfigureAwait(false);
        if (address is not null && address != client.Address)
        {
            if (_found.Allows())
            {
                PushLog.ReadWayFound(logger, address);
            }

            _way = new RpcClient(address, options);
        }
        else if (address is null && _notFound.Allows())
        {
            PushLog.NoReadWay(logger, string.Join("; ", reasons));
        }

        return _way;
    }

    public void Forget()
    {
        // Ends what is under way; nothing is waited for here.
        _way?.AbortConnections();
        (_way, _searched) = (null, null);
    }

    public ValueTask DisposeAsync() => _way?.DisposeAsync() ?? default;
}
