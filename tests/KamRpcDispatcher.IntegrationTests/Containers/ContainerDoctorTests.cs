using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Containers;

/// <summary><c>kamrpc doctor</c> in the image: 0 when it is run as the README says, and whatever is left out of that line is named.</summary>
[Category("Container")]
public sealed class ContainerDoctorTests
{
    private const string ProcessesLine = "compose: pid: host, for Kamailio's service too";

    [Test]
    public async Task Beside_Kamailio_all_is_well([Values] bool hasKamailioOwnProcesses)
    {
        await using var fleet = await ContainerFleet.StartAsync(hasKamailioOwnProcesses);
        var run = hasKamailioOwnProcesses ? DockerRun.OfReadme().BesideKamailio() : DockerRun.OfReadme();
        await using var servers = new SipResponder("127.0.33", 1);
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/a", $$"""{"uri":"{{servers.Uris[0]}}"}""");
        var dispatcher = fleet.Run(run);
        await fleet.WaitForRoutableAsync(servers.Uris, () => dispatcher.Output);

        var (exitCode, findings) = await fleet.ExamineAsync(run);

        Assert.That(findings.Where(static finding => finding.Severity is not ("ok" or "note")), Is.Empty);
        Assert.That(exitCode, Is.Zero);
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.processes").Text, Does.Contain("/proc/PID/syscall"));
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reload-delta").Text, Does.Contain("/etc/kamailio/kamrpc-dispatcher.cfg:"), "the configuration in Kamailio's container");
    }

    [TestCase("--pid", "kamailio.processes", ProcessesLine)]
    [TestCase("-v", "kamailio.reachable", "compose: volumes: [\"kamailio-run:/run/kamailio\"]")]
    [TestCase("--user", "kamailio.reachable", "compose: user: \"101:101\"")]
    public async Task What_is_left_out_of_the_line_is_named(string option, string check, string compose)
    {
        await using var fleet = await ContainerFleet.StartAsync();
        var whole = DockerRun.OfReadme();

        await AssertNamedAsync(fleet, whole.Without(option), check, compose, $"docker run {option} {whole.Value(option)}");
    }

    [Test]
    public async Task A_Kamailio_whose_own_line_lacks_the_PID_namespace_is_named()
    {
        await using var fleet = await ContainerFleet.StartAsync(hasOwnProcesses: true);

        await AssertNamedAsync(fleet, DockerRun.OfReadme(), "kamailio.processes", ProcessesLine, "docker run --pid host, for both;");
    }

    [Test]
    public async Task A_user_without_its_group_is_named()
    {
        await using var fleet = await ContainerFleet.StartAsync();

        await AssertNamedAsync(fleet, DockerRun.OfReadme().Without("--user").With("--user", "101"), "kamailio.processes", "compose: user: \"101:101\"", "docker run --user 101:101;");
    }

    [TestCase("/tmp")]
    [TestCase(null, Description = "where nothing can be written")]
    public async Task Replies_that_do_not_come_to_the_volume_are_named(string? temporary)
    {
        await using var fleet = await ContainerFleet.StartAsync();
        var run = DockerRun.OfReadme().With("-e", "KAMRPC_REPLY_DIR=/tmp/kamrpc");

        await AssertNamedAsync(
            fleet,
            temporary is null ? run : run.With("--tmpfs", temporary),
            "kamailio.reply-directory",
            "compose: environment: { KAMRPC_REPLY_DIR: /run/kamailio/kamrpc }",
            "docker run -e KAMRPC_REPLY_DIR=/run/kamailio/kamrpc;");
    }

    [Test]
    public async Task Without_the_PID_namespace_changes_are_made_nevertheless_and_spaced()
    {
        await using var fleet = await ContainerFleet.StartAsync();
        await using var servers = new SipResponder("127.0.33", 2);
        var dispatcher = fleet.Run(DockerRun.OfReadme().Without("--pid"));
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/a", $$"""{"uri":"{{servers.Uris[0]}}"}""");
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/b", $$"""{"uri":"{{servers.Uris[1]}}"}""");

        await fleet.WaitForRoutableAsync(servers.Uris, () => dispatcher.Output);
        Assert.That(await dispatcher.WaitForLineAsync("because Kamailio's processes cannot be seen", Fleet.Deadline), Does.Contain("Kamailio's PID namespace"));
    }

    [Test]
    public async Task Etcd_with_TLS_is_reached_with_the_OpenSSL_of_the_image()
    {
        using var certificates = new TestCertificates();
        await using var etcd = await EtcdServer.StartAsync(new EtcdOptionSet { Certificates = certificates });
        await using var fleet = await ContainerFleet.StartAsync();
        using var trusted = await ContainerVolume.MakeAsync(DockerRun.OfReadme().Value("--user")!);
        File.Copy(certificates.AuthorityFile, trusted.File("ca.pem"));

        var (_, findings) = await fleet.ExamineAsync(DockerRun.OfReadme().With("-v", $"{trusted.Path}:/etc/kamrpc"), "--etcd", etcd.Endpoint, "--etcd-ca", "/etc/kamrpc/ca.pem");

        Assert.That(findings.Single(static finding => finding.Check == "etcd.reachable"), Has.Property("Severity").EqualTo("ok"));
    }

    private static async Task AssertNamedAsync(ContainerFleet fleet, DockerRun run, string check, string compose, string docker)
    {
        var (exitCode, findings) = await fleet.ExamineAsync(run);

        var finding = findings.Single(finding => finding.Check == check);
        Assert.That(exitCode, Is.Not.Zero);
        Assert.That(finding.Severity, Is.AnyOf("warning", "error"), finding.Text);
        Assert.That(finding.Fix, Does.StartWith(compose).And.Contain(docker), finding.Text);
    }
}
