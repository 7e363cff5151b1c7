using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using KamRpcDispatcher.Linux;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What a container beside Kamailio's lacks is named with the line that brings it.</summary>
internal sealed class ContainerAdviceTests
{
    private const string VolumeLine = "compose: volumes: [\"kamailio-run:/run/kamailio\"], for Kamailio's service too; docker run -v kamailio-run:/run/kamailio, for both;";
    private const string UserLine = "compose: user: \"101:102\"; docker run --user 101:102; pod: runAsUser: 101 and runAsGroup: 102";
    private const string ReplyLine = "compose: environment: { KAMRPC_REPLY_DIR: /run/kamailio/kamrpc }; docker run -e KAMRPC_REPLY_DIR=/run/kamailio/kamrpc;";

    private static readonly Mount Volume = new("/run/kamailio", "ext4");
    private static readonly Mount Own = new("/", "overlay");

    /// <summary>One with which all is well.</summary>
    private static readonly ContainerObservation Beside = new(Healthy.SocketPath)
    {
        IsThere = true,
        IsAnswered = true,
        Self = new ContainerUser(101, 102),
        Owner = new ContainerUser(101, 102),
        Kamailio = new ContainerUser(101, 102),
        SocketMount = Volume,
        ReplyMount = Volume,
    };

    private static readonly ContainerObservation Unanswered = Beside with { IsAnswered = false, Kamailio = null };

    [Test]
    public void Where_all_is_well_and_outside_of_containers_nothing_is_changed()
    {
        var well = AllChecks.Of(Healthy.Kamailio, Healthy.Etcd);
        var unseen = AllChecks.Of(Healthy.Kamailio with { ProcessView = Observed<string>.Not("they are hidden") }, Healthy.Etcd);

        Assert.That(ContainerAdvice.Add(well, Beside), Is.EqualTo(well));
        Assert.That(ContainerAdvice.Add(unseen, null), Is.SameAs(unseen));
    }

    [TestCase("/")]
    [TestCase("/run", TestName = "What podman mounts in each container is no volume")]
    public void Without_the_volume_its_line_is_named_whoever_the_user_is(string point)
    {
        var container = Unanswered with { IsThere = false, SocketMount = new Mount(point, "tmpfs"), ReplyMount = Own, Self = new ContainerUser(7, 7), Owner = null };

        AssertFinding(Reachable(container), Severity.Error, "there is no such socket", VolumeLine);
        AssertFinding(Of(container, Finding.Unknown("kamailio.socket", "there is no such socket")), Severity.Unknown, "there is no such socket", VolumeLine);
        AssertFinding(Of(container, Replies("cannot make sockets")), Severity.Error, "cannot make sockets", VolumeLine);
    }

    [Test]
    public void A_Kamailio_that_is_not_there_though_the_volume_is_is_no_fault_of_the_container() =>
        AssertFinding(Reachable(Unanswered with { IsThere = false, ReplyMount = Own }), Severity.Error, "there is no such socket", "--kamailio ADDRESS");

    [Test]
    public void Another_user_than_the_sockets_is_told_the_numbers_of_it()
    {
        var stranger = Unanswered with { Self = new ContainerUser(10001, 10001) };

        AssertFinding(Reachable(stranger), Severity.Error, "there is no such socket", UserLine);
        AssertFinding(Of(stranger, Replies("cannot make sockets")), Severity.Error, "cannot make sockets", UserLine);
        AssertFinding(Reachable(stranger with { Owner = new ContainerUser(0, 0) }), Severity.Error, "there is no such socket", "--kamailio ADDRESS");
        AssertFinding(Reachable(Unanswered with { Self = new ContainerUser(0, 0) }), Severity.Error, "there is no such socket", "--kamailio ADDRESS");
    }

    [Test]
    public void Replies_that_come_to_another_place_than_the_volume_are_an_error_when_none_comes()
    {
        var elsewhere = Unanswered with { ReplyMount = new Mount("/tmp", "tmpfs") };
        var fine = Finding.Ok("kamailio.reply-directory", "/tmp/kamrpc (101:102, 0711)");

        AssertFinding(Of(elsewhere, fine), Severity.Error, "/tmp/kamrpc (101:102, 0711); not on /run/kamailio, which Kamailio's container has too, and no reply comes", ReplyLine);
        AssertFinding(Reachable(elsewhere), Severity.Error, "there is no such socket", ReplyLine);
        Assert.That(Of(elsewhere with { IsAnswered = true }, fine), Is.EqualTo(fine), "they come");
        Assert.That(Of(Unanswered, fine), Is.EqualTo(fine), "they are on the volume");
    }

    [Test]
    public void Processes_that_are_not_here_are_shared_by_a_line_and_those_that_are_hidden_by_the_user()
    {
        var hidden = Finding.Warning("kamailio.processes", "they are hidden", "User=kamailio");

        AssertFinding(Of(Beside with { Kamailio = null }, hidden), Severity.Warning, "they are hidden", "compose: pid: host, for Kamailio's service too; docker run --pid host, for both; pod: shareProcessNamespace: true");
        AssertFinding(Of(Beside with { Self = new ContainerUser(101, 0) }, hidden), Severity.Warning, "they are hidden", UserLine);
        AssertFinding(Of(Beside, hidden), Severity.Warning, "they are hidden", "User=kamailio");
    }

    private static Finding Reachable(ContainerObservation container) =>
        Of(container, Finding.Error("kamailio.reachable", "there is no such socket", "--kamailio ADDRESS"));

    private static Finding Replies(string text) => Finding.Error("kamailio.reply-directory", text, "--reply-dir DIRECTORY");

    private static Finding Of(ContainerObservation container, Finding finding) => ContainerAdvice.Add([finding], container).Single();
}
