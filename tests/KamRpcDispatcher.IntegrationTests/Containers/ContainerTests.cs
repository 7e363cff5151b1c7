using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Containers;

/// <summary>The image, run as its README says beside a Kamailio in a container of its own.</summary>
[Category("Container")]
public sealed class ContainerTests
{
    private const string GraceIsObserved = "were seen at rest (/proc/PID/syscall)";

    [Test]
    public async Task Members_announced_in_etcd_get_calls_and_the_grace_period_is_observed([Values] bool hasKamailioOwnProcesses)
    {
        await using var fleet = await ContainerFleet.StartAsync(hasKamailioOwnProcesses);
        await using var servers = new SipResponder("127.0.30", 3);
        var dispatcher = fleet.Run(hasKamailioOwnProcesses ? DockerRun.OfReadme().BesideKamailio() : DockerRun.OfReadme());
        for (var number = 0; number < servers.Uris.Count; number++)
        {
            await fleet.Etcd.PutAsync($"/kamrpc/default/members/1/m{number}", $$"""{"uri":"{{servers.Uris[number]}}"}""");
        }

        await fleet.WaitForRoutableAsync(servers.Uris, () => dispatcher.Output);
        var calls = await SipLoad.RunAsync(fleet.Sip, calls: 30, perSecond: 30, TimeSpan.FromMilliseconds(100));

        Assert.That((calls.Failed, servers.Calls), Is.EqualTo((0, 30)), calls.Errors);
        Assert.That(await dispatcher.WaitForLineAsync(GraceIsObserved, Fleet.Deadline), Does.Contain("Grace period after structural changes"));

        // A lock that other containers cannot see would be none: the one beside the socket and the mark in Kamailio tell of a second daemon.
        Assert.That(dispatcher.Output.Split('\n').Where(static line => line.Contains("warn: ", StringComparison.Ordinal) || line.Contains("fail: ", StringComparison.Ordinal)), Is.All.Contain("/run/lock/kamrpc-"));
    }

    [Test]
    public async Task An_announcer_out_of_the_same_image_is_followed_and_leaves_in_order()
    {
        await using var fleet = await ContainerFleet.StartAsync();
        await using var server = new SipResponder("127.0.31", 1);
        var dispatcher = fleet.Run(DockerRun.OfReadme());
        var line = DockerRun.OfReadme("announce");
        Assert.That(line.Options.Select(static option => option.Name), Has.Member("--no-healthcheck").And.Member("--stop-timeout"));
        var announcer = fleet.Run(line, "announce", "--etcd", fleet.Etcd.Endpoint, "--name", "a", "--uri", server.Uris[0]);
        await fleet.WaitForRoutableAsync(server.Uris, () => $"{announcer.Output}\n{dispatcher.Output}");

        await announcer.StopAsync();

        await fleet.WaitForRoutableAsync([], () => $"{announcer.Output}\n{dispatcher.Output}");
        Assert.That(await announcer.Exited, Is.Zero, announcer.Output);
        Assert.That(announcer.Output, Does.Contain("Every live proxy (1) has stopped sending calls"));
    }

    [Test]
    public async Task It_is_not_root_and_its_root_is_read_only()
    {
        await using var fleet = await ContainerFleet.StartAsync();
        var dispatcher = fleet.Run(DockerRun.OfReadme());
        await dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);

        var pid = dispatcher.Pid;
        var status = await File.ReadAllLinesAsync($"/proc/{pid}/status");
        var root = (await File.ReadAllLinesAsync($"/proc/{pid}/mountinfo")).Select(static line => line.Split(' ')).First(static fields => fields[4] == "/");

        Assert.That(status, Has.Member("Uid:\t101\t101\t101\t101").And.Member("Gid:\t101\t101\t101\t101").And.Member("CapEff:\t0000000000000000"));
        Assert.That(root[5].Split(','), Has.Member("ro"));
    }

    [Test]
    public async Task A_restart_of_Kamailios_container_is_survived_and_everybody_is_back()
    {
        await using var fleet = await ContainerFleet.StartAsync();
        await using var servers = new SipResponder("127.0.32", 2);
        var dispatcher = fleet.Run(DockerRun.OfReadme());
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/a", $$"""{"uri":"{{servers.Uris[0]}}"}""");
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/b", $$"""{"uri":"{{servers.Uris[1]}}"}""");
        await fleet.WaitForRoutableAsync(servers.Uris, () => dispatcher.Output);

        fleet.Kamailio.Kill();
        await fleet.Kamailio.Gone.WaitAsync(Fleet.Deadline);
        await fleet.StartKamailioAsync();

        await fleet.WaitForRoutableAsync(servers.Uris, () => dispatcher.Output);
        Assert.That(dispatcher.Exited.IsCompleted, Is.False, dispatcher.Output);
    }

    [Test]
    public async Task What_runs_in_Kamailios_own_PID_namespace_ends_with_it()
    {
        await using var fleet = await ContainerFleet.StartAsync(hasOwnProcesses: true);
        var dispatcher = fleet.Run(DockerRun.OfReadme().BesideKamailio());
        await dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);

        fleet.Kamailio.Kill();

        await dispatcher.Gone.WaitAsync(Fleet.Deadline);
    }
}
