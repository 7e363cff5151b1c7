using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Who may write where: to Kamailio's sockets, and to our directory for its replies.</summary>
internal sealed class AccessChecksTests
{
    [TestCase(SocketKind.JsonDatagram, "600", Severity.Ok, null)]
    [TestCase(SocketKind.JsonDatagram, "660", Severity.Ok, null)]
    [TestCase(SocketKind.JsonDatagram, "666", Severity.Error, "modparam(\"jsonrpcs\", \"dgram_mode\", 0600)")]
    [TestCase(SocketKind.JsonFifo, "622", Severity.Error, "modparam(\"jsonrpcs\", \"fifo_mode\", 0600)")]
    [TestCase(SocketKind.Ctl, "777", Severity.Error, "modparam(\"ctl\", \"mode\", 0600)")]
    public void A_socket_that_everybody_may_write_to_is_an_error(SocketKind kind, string mode, Severity severity, string? fix) =>
        AssertFinding(Of(Healthy.Socket(kind, "/run/kamailio/s", mode)), severity, $"/run/kamailio/s (root:root, 0{mode})", fix);

    [TestCase("755", Severity.Ok)]
    [TestCase("777", Severity.Error)]
    [TestCase("1777", Severity.Error)]
    public void A_directory_that_everybody_may_write_to_is_an_error(string mode, Severity severity)
    {
        var socket = Healthy.Socket(SocketKind.Ctl, "/tmp/kamailio_ctl", "600") with { Directory = Healthy.Rights("/tmp", Healthy.Octal(mode)) };
        AssertFinding(Of(socket), severity, "/tmp", severity == Severity.Ok ? null : "modparam(\"ctl\", \"binrpc\", \"unix:/run/kamailio/kamailio_ctl\")");
    }

    [TestCase("127.0.0.1", Severity.Ok, null)]
    [TestCase("::1", Severity.Ok, null)]
    [TestCase("localhost", Severity.Ok, null)]
    [TestCase("0.0.0.0", Severity.Error, "modparam(\"ctl\", \"binrpc\", \"udp:127.0.0.1:2049\")")]
    [TestCase("10.0.0.1", Severity.Error, "modparam(\"ctl\", \"binrpc\", \"udp:127.0.0.1:2049\")")]
    [TestCase("*", Severity.Error, "modparam(\"ctl\", \"binrpc\", \"udp:127.0.0.1:2049\")")]
    public void What_is_reached_over_IP_must_be_on_loopback(string host, Severity severity, string? fix) =>
        AssertFinding(Of(new RpcSocket(SocketKind.Ctl, $"udp:{host}:2049") { Host = host, Port = 2049 }), severity, "loopback", fix);

    [Test]
    public void Every_socket_has_its_finding()
    {
        var kamailio = Healthy.Kamailio with { Sockets = [Healthy.Socket(SocketKind.Ctl, Healthy.CtlPath, "600"), Healthy.Socket(SocketKind.JsonFifo, Healthy.FifoPath, "660")] };
        Assert.That(SocketsCheck.Of(kamailio).Count(), Is.EqualTo(2));
        Assert.That(SocketsCheck.Of(kamailio with { Sockets = [] }).Single().Severity, Is.EqualTo(Severity.Unknown));
        AssertFinding(Of(new RpcSocket(SocketKind.Ctl, "/run/none")), Severity.Unknown, "/run/none", null);
    }

    [Test]
    public void A_reply_directory_that_is_not_writable_or_is_everybodys_is_an_error()
    {
        var replies = Healthy.Kamailio.Replies!;
        AssertFinding(Of(replies with { IsWritable = false }), Severity.Error, "cannot make sockets in /run/kamrpc", "--reply-dir");
        AssertFinding(Of(replies with { Way = [.. replies.Way.SkipLast(1), Healthy.Rights("/run/kamrpc", Healthy.Octal("777"))] }), Severity.Error, "0777", "chmod 0711 /run/kamrpc");
        AssertFinding(Of(replies with { Way = [.. replies.Way.SkipLast(1)] }), Severity.Ok, "can be made", null);
    }

    [Test]
    public void A_directory_that_Kamailio_cannot_enter_is_an_error_when_no_reply_comes()
    {
        var closed = Healthy.Kamailio.Replies! with { Way = [Healthy.Rights("/", Healthy.Octal("755")), Healthy.Rights("/run", Healthy.Octal("700")), Healthy.Rights("/run/kamrpc", Healthy.Octal("711"))] };

        AssertFinding(Of(closed), Severity.Ok, "replies come", null);
        AssertFinding(Of(closed, Observed<TimeSpan>.Not("no reply")), Severity.Error, "Kamailio's user cannot enter /run (", "chmod o+x /run");
        AssertFinding(Of(closed with { KamailioUser = 0 }, Observed<TimeSpan>.Not("no reply")), Severity.Ok, "/run/kamrpc", null);
    }

    [Test]
    public void A_directory_that_Kamailio_may_enter_as_one_of_its_group_is_told_when_no_reply_comes()
    {
        var shut = Healthy.Kamailio.Replies! with { Way = [Healthy.Rights("/", Healthy.Octal("755")), Healthy.Rights("/run/kamrpc", Healthy.Octal("710"))] };

        AssertFinding(Of(shut), Severity.Ok, "replies come", null);
        AssertFinding(Of(shut, Observed<TimeSpan>.Not("no reply")), Severity.Unknown, "only if it is in that group", "chmod o+x /run/kamrpc");
    }

    private static Finding Of(RpcSocket socket) => SocketsCheck.Of(Healthy.Kamailio with { Sockets = [socket] }).Single();

    private static Finding Of(ReplyDirectory replies, Observed<TimeSpan>? reply = null) =>
        ReplyDirectoryCheck.Of(Healthy.Kamailio with { Replies = replies, Reply = reply ?? Healthy.Kamailio.Reply });
}
