using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Help;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class SuggestionTests
{
    private static readonly string[] Known = ["--etcd", "--etcd-ca", "--etcd-cert", "--etcd-key", "--kamailio", "--kamailio-ca", "--output", "-o", "--set", "--ttl", "--drain-timeout", "--ack-timeout", "--log-level"];

    [TestCase("--etdc", "--etcd")]
    [TestCase("--ETCD", "--etcd")]
    [TestCase("-etcd", "--etcd")]
    [TestCase("--etcd_ca", "--etcd-ca")]
    [TestCase("--kamalio", "--kamailio")]
    [TestCase("--sets", "--set")]
    [TestCase("--key", "--etcd-key")]
    [TestCase("--etcd-endpoints", "--etcd")]
    [TestCase("--endpoints", "--etcd")]
    [TestCase("--json", "--output json")]
    [TestCase("--timeout", "--drain-timeout or --ack-timeout")]
    [TestCase("--loglevel", "--log-level")]
    public void What_may_have_been_meant_is_suggested(string typed, string meant) => Assert.That(Suggestion.For(typed, Known), Is.EqualTo(meant));

    [TestCase("--bogus")]
    [TestCase("--x")]
    [TestCase("-")]
    [TestCase("--weight")]
    public void What_is_near_to_nothing_is_left(string typed) => Assert.That(Suggestion.For(typed, Known), Is.Null);

    /// <summary>Options that are so near to one another that one is suggested for the other.</summary>
    [Test]
    public void An_option_is_nearest_to_itself()
    {
        foreach (var command in new CommandLine().Root.Subcommands)
        {
            List<string> names = [.. command.Options.Select(static option => option.Name)];
            Assert.That(names.Where(name => Suggestion.For(name, names) != name), Is.Empty, command.Name);
        }
    }
}
