using System.Text;
using Google.Protobuf;
using KamRpcDispatcher.Announce.Handover;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

public sealed class HandoverTextTests
{
    private static readonly ServerHealth Health = new(new ProbeOutcome(ProbeVerdict.Dead, "no \"answer\"") { Sign = DeathSign.NobodyThere }, MemberState.Down, "no \"answer\"", null, "in maintenance");
    private static readonly MemberKey Member = new(7, "a");
    private static readonly SipUri Uri = SipUri.Parse("sip:10.0.0.1;transport=tcp");

    private static readonly HandedOver Handed = new(
        "default",
        new HeldLease(-5, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(4), ulong.MaxValue, 9, 12_345_678_901_234_567_890, 77, [new HeldKey("/kamrpc/default/members/7/a", ByteString.CopyFrom(1, 2, 0, 255), 76)]),
        [new HandedServer([(Member, Uri)], Health)],
        IsInMaintenance: true,
        IsMaintenanceOurs: false);

    [Test]
    public void What_is_written_is_read_again()
    {
        var read = HandoverText.Read(HandoverText.Write(Handed), out var error);

        Assert.That(error, Is.Null);
        Assert.That(read! with { Lease = Handed.Lease, Servers = Handed.Servers }, Is.EqualTo(Handed));
        Assert.That(read.Lease with { Keys = Handed.Lease.Keys }, Is.EqualTo(Handed.Lease));
        Assert.That(read.Lease.Keys, Is.EqualTo(Handed.Lease.Keys));
        Assert.That((read.HealthOf(new Member(Member, Uri)), read.Servers[0].Health.Probe.Sign), Is.EqualTo((Health, DeathSign.NobodyThere)));
    }

    [Test]
    public void Of_a_member_at_another_address_nothing_is_known()
    {
        Assert.That(Handed.HealthOf(new Member(Member, SipUri.Parse("sip:10.0.0.2"))), Is.Null);
        Assert.That(Handed.HealthOf(new Member(new MemberKey(8, "a"), Uri)), Is.Null);
    }

    [TestCase("""{"format":2}""", "it is of format 2, and this program knows 1")]
    [TestCase("""{"format":1,"cluster":"default"}""", "was not present")]
    [TestCase("", "JSON")]
    [TestCase("[]", "Object")]
    public void What_another_version_writes_otherwise_is_not_used(string text, string why)
    {
        Assert.That(HandoverText.Read(Encoding.UTF8.GetBytes(text), out var error), Is.Null);
        Assert.That(error, Does.Contain(why));
    }
}
