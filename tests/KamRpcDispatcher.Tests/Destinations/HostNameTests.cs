using KamRpcDispatcher.Destinations.Addresses;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class HostNameTests
{
    [TestCase("sip:gw.test", "gw.test")]
    [TestCase("sip:gw.test:7001;transport=tcp", "gw.test")]
    [TestCase("sips:user:secret@GW.test?x=y", "GW.test")]
    [TestCase("sip:a_b.test;lr", "a_b.test")]
    [TestCase("sip:10.0.0.1:5060", null)]
    [TestCase("sip:user@[2001:db8::1]:5060", null)]
    [TestCase("sip:", null)]
    [TestCase("nonsense", null)]
    public void The_name_in_any_URI_is_found_and_an_address_is_none(string uri, string? name) => Assert.That(HostName.In(uri), Is.EqualTo(name));
}
