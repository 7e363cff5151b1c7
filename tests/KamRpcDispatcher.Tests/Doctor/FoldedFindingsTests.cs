using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What follows from one cause is told once, with the cause.</summary>
internal sealed class FoldedFindingsTests
{
    [Test]
    public void A_configuration_that_cannot_be_read_is_one_finding()
    {
        var unread = new Trouble("k.cfg cannot be read", Causes.Config);
        var findings = AllChecks.Of(
            Healthy.Kamailio with
            {
                Config = Observed<KamailioConfig>.Not(unread),
                ReloadDelta = Observed<Parameter>.Not(unread),
                LoadMode = Observed<Parameter>.Not(unread),
            },
            Healthy.Etcd);

        Assert.That(findings.Where(static finding => finding.IsProblem).Select(static finding => $"{finding.Check}: {finding.Text} {finding.Fix}"), Is.EqualTo(new[] { "kamailio.config: k.cfg cannot be read --kamailio-cfg FILE" }));
        Assert.That(Because(findings, "kamailio.config"), Is.EqualTo(new[] { "kamailio.reload-delta", "kamailio.load-mode", "kamailio.script", "kamailio.algorithm", "kamailio.ping-codes", "kamailio.failover-codes" }));
    }

    [Test]
    public void An_etcd_that_does_not_answer_is_one_finding()
    {
        var gone = new EndpointObservation("http://10.0.0.6:2379", Observed<EndpointStatus>.Not("connection refused"), Observed<ClockReading>.Not("gone"));
        var trouble = new Trouble("etcd does not answer", Causes.Etcd);
        var findings = AllChecks.Of(Healthy.Kamailio, new EtcdObservation([gone], Observed<IReadOnlyList<Member>>.Not(trouble), Observed<IReadOnlyList<ReportingProxy>>.Not(trouble)));

        Assert.That(findings.Single(static finding => finding.IsProblem).Text, Is.EqualTo("connection refused"));
        Assert.That(Because(findings, "etcd.reachable"), Is.EquivalentTo(new[]
        {
            "kamailio.dispatcher", "kamailio.routable", "etcd.version", "etcd.health", "etcd.compaction", "etcd.quota", "etcd.clock", "etcd.members", "etcd.intents", "etcd.host-names", "etcd.addresses", "etcd.proxy-names", "etcd.proxy-hosts", "etcd.share-ways", "etcd.reports",
        }));
    }

    [Test]
    public void A_list_that_does_not_come_is_one_finding()
    {
        var findings = AllChecks.Of(Healthy.Kamailio with { List = Observed<ListReply>.Not(new Trouble("a fault", Causes.List)) }, Healthy.Etcd);

        Assert.That(findings.Single(static finding => finding.IsProblem), Has.Property("Check").EqualTo("kamailio.reply-size").And.Property("Text").EqualTo("a fault"));
        Assert.That(Because(findings, "kamailio.reply-size"), Is.EqualTo(new[] { "kamailio.call-load", "kamailio.weights", "kamailio.host-names", "kamailio.routable", "kamailio.orphans" }));
    }

    [Test]
    public void A_consequence_of_what_is_told_nowhere_is_told_itself()
    {
        var findings = AllChecks.Of(Healthy.Kamailio with { ReloadDelta = Observed<Parameter>.Not(new Trouble("not read", Causes.Config)) }, Healthy.Etcd);

        Assert.That(findings.Single(static finding => finding.IsProblem), Has.Property("Check").EqualTo("kamailio.reload-delta").And.Property("Because").Null);
    }

    [Test]
    public void What_is_ignored_counts_for_nothing_and_its_consequences_neither()
    {
        var findings = AllChecks.Of(new KamailioObservation { Address = Healthy.Kamailio.Address }, Healthy.Etcd);
        Assert.That(new CheckupResult(null, false, findings).IsHealthy, Is.False);
        Assert.That(new CheckupResult(null, true, [.. findings.Select(static finding => finding with { IsIgnored = finding.Check == "kamailio.reachable" })]).IsHealthy, Is.True);
    }

    private static IEnumerable<string> Because(IEnumerable<Finding> findings, string cause) =>
        findings.Where(finding => finding.Because == cause).Select(static finding => finding.Check);
}
