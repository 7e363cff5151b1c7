using System.CommandLine;
using System.Net;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>Whether the addresses that options give can be what they are given for.</summary>
internal static class AddressChecks
{
    /// <summary>What leads nowhere is wrong, with what to give instead.</summary>
    /// <param name="options">Where it is noted.</param>
    /// <param name="option">Which gives the address.</param>
    /// <param name="uri">Where calls are to be sent.</param>
    /// <param name="isHere">Whether the address means the same on this machine: one that is advertised may be of another network with the same numbers.</param>
    public static void Check(OptionReader options, Option option, SipUri uri, bool isHere)
    {
        if (uri.Address is { } address && AddressFitness.WhyUnfit(address, isHere ? HostNetwork.OfThisMachine() : []) is { } why)
        {
            options.Add(option, $"'{uri}': the address {address} {why}; give the one at which Kamailio reaches the server, such as {Interface()}");
        }
    }

    /// <summary>The way to an etcd on this machine is loopback, which no other host can use.</summary>
    public static void CheckAutomatic(OptionReader options, Option option, IPAddress address, EtcdEndpoints etcd)
    {
        if (IPAddress.IsLoopback(address))
        {
            options.Add(option, $"auto is {address}, since etcd at {etcd} is on this machine, and for another host that is itself; name the interface, such as {Interface()}, or write --ip {address} if Kamailio is on this machine too");
        }
    }

    /// <summary>Who names loopback may mean it: Kamailio may be on this machine too, as etcd is then as a rule.</summary>
    public static void WarnOfLoopback(IEnumerable<SipUri> announced, EtcdEndpoints etcd)
    {
        if (announced.FirstOrDefault(static uri => uri.Address is { } address ? IPAddress.IsLoopback(address) : LocalAddress.IsHere(uri.Host)) is { } loopback
            && !etcd.Each().All(static endpoint => LocalAddress.IsHere(new Uri(endpoint.ToString()).IdnHost.Trim('[', ']'))))
        {
            Console.Error.WriteLine($"kamrpc: warning: {loopback} is, for a Kamailio on another host, that host itself; if there is one, give {Interface()}");
        }
    }

    /// <summary>The option that helps, with an interface of this machine.</summary>
    private static string Interface()
    {
        var interfaces = LocalAddress.Interfaces().Where(static name => name != "lo").ToList();
        return interfaces.Count switch
        {
            0 => "--ip eth0",
            1 => $"--ip {interfaces[0]}",
            _ => $"--ip {interfaces[0]} (there are {string.Join(", ", interfaces)})",
        };
    }
}
