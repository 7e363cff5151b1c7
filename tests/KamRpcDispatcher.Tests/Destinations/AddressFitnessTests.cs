using System.Net;
using KamRpcDispatcher.Destinations;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class AddressFitnessTests
{
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
}
