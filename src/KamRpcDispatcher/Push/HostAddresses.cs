using System.Net;
using System.Net.NetworkInformation;

namespace KamRpcDispatcher.Push;

/// <summary>The addresses of this machine.</summary>
internal static class HostAddresses
{
    /// <summary>Whether the address is one of them; where they cannot be read, whether it leads to whoever asks.</summary>
    public static bool Has(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
        {
            return true;
        }

        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(static one => one.GetIPProperties().UnicastAddresses)
                .Any(unicast => unicast.Address.Equals(address));
        }
        catch (NetworkInformationException)
        {
            return false;
        }
    }
}
