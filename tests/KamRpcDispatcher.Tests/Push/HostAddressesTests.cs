using System.Net;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Push.Guards;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class HostAddressesTests
{
    private static readonly IPAddress Own = IPAddress.Parse("192.0.2.7");

    [Test]
    public void They_are_read_once_a_second_however_many_are_asked_for()
    {
        var time = new FakeTimeProvider();
        var reads = 0;
        var addresses = new HostAddresses(() => ++reads == 1 ? new[] { new HostNetwork(Own, 24) } : null, time);
        for (var number = 0; number < 1000; number++)
        {
            Assert.That((addresses.Has(Own), addresses.Has(IPAddress.Parse("192.0.2.8"))), Is.EqualTo((true, false)));
        }

        Assert.That(reads, Is.EqualTo(1));
        time.Advance(HostAddresses.Memory);
        Assert.That((addresses.Has(Own), addresses.Has(IPAddress.Loopback), reads), Is.EqualTo((false, true, 2)));
    }

    [Test]
    public void What_is_no_hosts_in_a_network_of_this_machine_is_told()
    {
        var addresses = new HostAddresses(static () => [new HostNetwork(Own, 24)], new FakeTimeProvider());

        Assert.That(addresses.WhyUnfit(IPAddress.Parse("192.0.2.255")), Does.Contain("broadcast address of this machine's network 192.0.2.0/24"));
        Assert.That(addresses.WhyUnfit(IPAddress.Parse("192.0.2.254")), Is.Null);
        Assert.That(new HostAddresses(static () => null, new FakeTimeProvider()).WhyUnfit(IPAddress.Parse("192.0.2.255")), Is.Null);
    }
}
