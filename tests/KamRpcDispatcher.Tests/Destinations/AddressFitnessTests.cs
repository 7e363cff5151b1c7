using System.Globalization;
using System.Net;
using KamRpcDispatcher.Destinations.Addresses;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class AddressFitnessTests
{
    private static readonly HostNetwork[] Networks =
    [
        .. new[] { "10.0.0.1/24", "172.16.0.9/22", "10.9.0.0/31", "10.8.0.7/32", "172.31.0.0/16", "fd00::1/64", "0.0.0.0/0" }
            .Select(static text => text.Split('/')).Select(static parts => new HostNetwork(IPAddress.Parse(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture))),
    ];

    [TestCase("0.0.0.0", "unspecified")]
    [TestCase("0.0.0.1", "unspecified")]
    [TestCase("::", "unspecified")]
    [TestCase("::ffff:0.0.0.0", "unspecified")]
    [TestCase("255.255.255.255", "broadcast")]
    [TestCase("::ffff:255.255.255.255", "broadcast")]
    [TestCase("224.0.0.1", "multicast")]
    [TestCase("239.255.255.255", "multicast")]
    [TestCase("ff02::1", "multicast")]
    [TestCase("240.0.0.1", "reserved")]
    [TestCase("fe80::1", "link-local")]
    [TestCase("febf::1", "link-local")]
    public void Where_no_call_can_be_sent_is_told_with_the_reason(string address, string reason) =>
        Assert.That(AddressFitness.WhyUnfit(IPAddress.Parse(address)), Does.Contain(reason));

    [TestCase("10.0.0.1")]
    [TestCase("127.0.0.1")]
    [TestCase("169.254.1.1")]
    [TestCase("223.255.255.255")]
    [TestCase("::1")]
    [TestCase("2001:db8::1")]
    [TestCase("fd00::1")]
    [TestCase("fe80::1%2")]
    [TestCase("::ffff:10.0.0.1")]
    public void Where_a_call_can_be_sent_is_fit(string address) => Assert.That(AddressFitness.WhyUnfit(IPAddress.Parse(address)), Is.Null);

    [TestCase("10.0.0.255", "is the broadcast address of this machine's network 10.0.0.0/24, not that of one host")]
    [TestCase("::ffff:10.0.0.255", "is the broadcast address of this machine's network 10.0.0.0/24, not that of one host")]
    [TestCase("10.0.0.0", "is that of this machine's network 10.0.0.0/24 itself, not that of one host")]
    [TestCase("172.16.3.255", "is the broadcast address of this machine's network 172.16.0.0/22, not that of one host")]
    [TestCase("255.255.255.255", "is the broadcast address, not that of one host")]
    public void The_ends_of_a_network_of_this_machine_are_no_hosts(string address, string reason) =>
        Assert.That(AddressFitness.WhyUnfit(IPAddress.Parse(address), Networks), Is.EqualTo(reason));

    [TestCase("10.0.0.254")]
    [TestCase("10.0.1.255", Description = "of somebody else's network nothing is known")]
    [TestCase("172.16.1.255")]
    [TestCase("10.9.0.0", Description = "a network of two addresses")]
    [TestCase("10.9.0.1")]
    [TestCase("10.8.0.7", Description = "a network of one")]
    [TestCase("172.31.0.0", Description = "this machine has it")]
    [TestCase("fd00::")]
    public void Whatever_a_host_may_have_there_is_fit(string address) => Assert.That(AddressFitness.WhyUnfit(IPAddress.Parse(address), Networks), Is.Null);
}
