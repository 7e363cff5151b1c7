using System.Net;
using KamRpcDispatcher.Announce;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

public class LocalAddressTests
{
    [TestCase("10.0.0.11/24 10.0.0.100/32", "10.0.0.11", Description = "a shared address, while this machine has it")]
    [TestCase("10.0.0.100/32", "10.0.0.100", Description = "as in clouds")]
    [TestCase("2001:db8::1/64 10.0.0.11/24 2001:db8::100/128", "10.0.0.11 2001:db8::1")]
    [TestCase("fe80::1/64 10.0.0.11/24 10.0.0.12/24", "10.0.0.11 10.0.0.12")]
    public void Of_an_interface_those_count_that_stay(string addresses, string reachable) => Assert.That(
        LocalAddress.Reachable(addresses.Split(' ').Select(static text => text.Split('/')).Select(static parts => (IPAddress.Parse(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)))),
        Is.EqualTo(reachable.Split(' ').Select(IPAddress.Parse)));
}
