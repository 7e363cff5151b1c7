using System.Net;
using System.Net.NetworkInformation;

namespace KamRpcDispatcher.Push;

/// <summary>The addresses of this machine, read once a second at most: a plan may add thousands of destinations.</summary>
/// <param name="read">Reads them; null where they cannot be read.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class HostAddresses(Func<IReadOnlySet<IPAddress>?> read, TimeProvider timeProvider)
{
    /// <summary>How long what was read is believed.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private (long At, IReadOnlySet<IPAddress>? Addresses)? _last;

    public HostAddresses(TimeProvider timeProvider)
        : this(Read, timeProvider)
    {
    }

    /// <summary>Whether the address is one of them; where they cannot be read, whether it leads to whoever asks.</summary>
    public bool Has(IPAddress address) => IPAddress.IsLoopback(address) || Known()?.Contains(address) == true;

    private IReadOnlySet<IPAddress>? Known()
    {
        lock (_lock)
        {
            if (_last is not { } last || timeProvider.GetElapsedTime(last.At) >= Memory)
            {
                _last = last = (timeProvider.GetTimestamp(), read());
            }

            return last.Addresses;
        }
    }

    private static HashSet<IPAddress>? Read()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static one => one.GetIPProperties().UnicastAddresses).Select(static unicast => unicast.Address)];
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
