using System.Net;
using System.Net.NetworkInformation;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>The addresses of this machine with their networks, read once a second at most: a plan may add thousands of destinations.</summary>
/// <param name="read">Reads them; null where they cannot be read.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class HostAddresses(Func<IReadOnlyCollection<HostNetwork>?> read, TimeProvider timeProvider)
{
    /// <summary>How long what was read is believed.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private (long At, IReadOnlyCollection<HostNetwork>? Addresses)? _last;

    public HostAddresses(TimeProvider timeProvider)
        : this(Read, timeProvider)
    {
    }

    /// <summary>Whether the address is one of them; where they cannot be read, whether it leads to whoever asks.</summary>
    public bool Has(IPAddress address) => IPAddress.IsLoopback(address) || Known()?.Any(own => own.Address.Equals(address)) == true;

    /// <summary>Why no call can be sent from this machine to an address, see <see cref="AddressFitness"/>; null when one can.</summary>
    public string? WhyUnfit(IPAddress address) => AddressFitness.WhyUnfit(address, Known() ?? []);

    private IReadOnlyCollection<HostNetwork>? Known()
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

    private static IReadOnlyCollection<HostNetwork>? Read()
    {
        try
        {
            return HostNetwork.OfThisMachine();
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
