using System.Net;
using System.Net.Sockets;
using KamailioRpc;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Probe;

/// <summary>Where a URI leads now.</summary>
/// <remarks>
/// A name is looked up again with every probe, but only the first one waits for the answer: the others take what the look-up before them
/// found. A DNS server that is slow or gone must not make a SIP server dead that answers where it always did.
/// </remarks>
/// <param name="uri">What is probed.</param>
/// <param name="resolve">Replaces the resolver of the process in tests.</param>
internal sealed class ProbeTarget(SipUri uri, Func<string, Task<IPAddress[]>>? resolve = null)
{
    private readonly Func<string, Task<IPAddress[]>> _resolve = resolve ?? (static host => NameResolver.Shared.AskAsync(host, CancellationToken.None));
    private IPAddress? _address = uri.Address;
    private Task<IPAddress[]>? _lookup;

    public SipUri Uri => uri;

    /// <exception cref="SocketException">The name has no address.</exception>
    /// <exception cref="LookupTimeoutException">The first look-up took longer than <paramref name="patience"/>.</exception>
    public ValueTask<IPAddress> ResolveAsync(TimeSpan patience, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (uri.Address is null)
        {
            TakeUp();
            _lookup ??= _resolve(uri.Host);
        }

        return _address is null ? WaitAsync(_lookup!, patience, timeProvider, cancellationToken) : new(_address);
    }

    private async ValueTask<IPAddress> WaitAsync(
        Task<IPAddress[]> lookup, TimeSpan patience, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await lookup.WaitAsync(patience, timeProvider, cancellationToken).ConfigureAwait(false);
            return _address = Best(addresses) ?? throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (TimeoutException)
        {
            throw new LookupTimeoutException(FailureText.Within("no address for the name", patience));
        }
    }

    private void TakeUp()
    {
        if (_lookup is not { IsCompleted: true } lookup)
        {
            return;
        }

        _lookup = null;
        if (lookup.IsCompletedSuccessfully && !lookup.Result.Contains(_address))
        {
            _address = Best(lookup.Result) ?? _address;
        }

        // Read, so that nobody counts a failure as unobserved.
        _ = lookup.Exception;
    }

    /// <summary>As Kamailio chooses: IPv6 only where there is no IPv4.</summary>
    private static IPAddress? Best(IPAddress[] addresses) =>
        Array.Find(addresses, static address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses.FirstOrDefault();
}

/// <summary>The name servers took too long, which says nothing of the server whose name it is.</summary>
internal sealed class LookupTimeoutException(string message) : Exception(message);
