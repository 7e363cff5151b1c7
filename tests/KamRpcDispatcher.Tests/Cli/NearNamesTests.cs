using KamRpcDispatcher.Cli.Options;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What a mistyped name may have meant.</summary>
public class NearNamesTests
{
    private static readonly string[] Names = ["kamailio.reload-delta", "kamailio.load-mode", "kamailio.writers", "etcd.clock", "kamailio.clock", "etcd.quota"];

    [TestCase("reload-delta", "kamailio.reload-delta")]
    [TestCase("kamailio.relod-delta", "kamailio.reload-delta")]
    [TestCase("writer", "kamailio.writers")]
    [TestCase("wirters", "kamailio.writers")]
    [TestCase("Clock", "etcd.clock,kamailio.clock")]
    [TestCase("etcd.cuota", "etcd.quota")]
    [TestCase("something", "")]
    [TestCase("", "")]
    public void The_nearest_come_first(string text, string near) => Assert.That(string.Join(',', NearNames.Of(text, Names).Take(2)), Is.EqualTo(near));
}
