using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Parallelizable]
public class AnnouncerTests : AnnouncerFixture
{
    [Test]
    public async Task A_member_is_written_with_all_that_was_given()
    {
        var announcer = Announce("--uri", "sip:10.0.0.1:5070;transport=tcp", "--weight", "7", "--priority", "2", "--attr", "maxload=30", "--label", "version=v2", "--label", "zone=a");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        Assert.That(
            await Etcd.GetAsync(Key),
            Does.StartWith("""{"uri":"sip:10.0.0.1:5070;transport=tcp","weight":7,"priority":2,"attrs":{"maxload":"30"},"labels":{"version":"v2","zone":"a"},"since":"2"""));
    }

    [Test]
    public async Task Address_and_port_make_the_URI()
    {
        await Announce("--ip", "2001:db8::1", "--port", "5070").WaitForLineAsync("Wrote", Fleet.Deadline);

        Assert.That(await Etcd.GetAsync(Key), Does.StartWith("{\"uri\":\"sip:[2001:db8::1]:5070\","));
    }

    [TestCase(UnixSignals.Terminate)]
    [TestCase(UnixSignals.Interrupt)]
    public async Task A_stopped_announcer_withdraws_its_member_before_it_exits(int signal)
    {
        var announcer = Announce("--uri", "sip:10.0.0.1");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        announcer.Signal(signal);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await Etcd.GetAsync(Key), Is.Null);
    }

    [Test]
    public async Task A_member_is_kept_alive_beyond_its_TTL()
    {
        await Announce("--uri", "sip:10.0.0.1", "--ttl", "2s").WaitForLineAsync("Wrote", Fleet.Deadline);
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5))
        {
            Assert.That(await Etcd.GetAsync(Key), Is.Not.Null);
        }
    }

    [Test]
    public async Task A_server_that_hangs_for_less_than_the_TTL_costs_no_key()
    {
        await Announce("--uri", "sip:10.0.0.1").WaitForLineAsync("Wrote", Fleet.Deadline);
        var created = await Etcd.CreateRevisionAsync(Key);
        await Etcd.WaitForRenewalAsync(Key);

        Etcd.Pause();
        await Task.Delay(TimeSpan.FromSeconds(3));
        Etcd.Resume();

        await Etcd.WaitForRenewalAsync(Key);
        Assert.That(await Etcd.CreateRevisionAsync(Key), Is.EqualTo(created));
    }

    [Test]
    public async Task A_lease_that_etcd_grants_for_longer_than_asked_is_told_once()
    {
        await using var slow = await EtcdServer.StartAsync(new EtcdOptionSet { ExtraArguments = ["--heartbeat-interval", "500", "--election-timeout", "5000"] });
        var announcer = Start(KamrpcProgram.File, ArgumentsFor(slow, "--name", "a", "--uri", "sip:10.0.0.1", "--ttl", "2s"));

        await announcer.WaitForLineAsync("etcd grants leases of 8s where 2s were asked for", Fleet.Deadline);
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await slow.WaitForRenewalAsync(Key);

        // Another lease: the same is not told again.
        await slow.DeleteAsync(Key);
        await announcer.WaitForLineAsync("was deleted by somebody else", Fleet.Deadline);
        Assert.That(announcer.Output.Split("etcd grants leases"), Has.Length.EqualTo(2), announcer.Output);
    }

    [Test]
    public async Task A_lost_lease_is_made_up_for()
    {
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        var lease = (await announcer.WaitForLineAsync("Wrote", Fleet.Deadline)).Split("lease ")[1];

        await Etcd.RevokeAsync(lease);
        await announcer.WaitForLineAsync("The lease of /kamrpc/default/members/1/a is gone", Fleet.Deadline);

        await WaitForKeyAsync("sip:10.0.0.1");
    }

    [Test]
    public async Task A_key_that_somebody_deleted_is_written_again()
    {
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        await Etcd.DeleteAsync(Key);
        await announcer.WaitForLineAsync("was deleted by somebody else", Fleet.Deadline);

        await WaitForKeyAsync("sip:10.0.0.1");
    }

    [Test]
    public async Task A_name_that_another_box_has_is_waited_for_and_taken_when_it_is_free()
    {
        var first = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        await first.WaitForLineAsync("Wrote", Fleet.Deadline);
        var second = Announce("--uri", "sip:10.0.0.2", "--ttl", "2s");
        await second.WaitForLineAsync("is held by somebody else", Fleet.Deadline);
        Assert.That(await Etcd.GetAsync(Key), Does.Contain("10.0.0.1"));

        first.Kill();

        await WaitForKeyAsync("sip:10.0.0.2");
    }

    [Test]
    public async Task A_static_member_of_that_name_is_left_as_it_is()
    {
        const string Static = """{"uri":"sip:10.0.0.1","reason":"written by hand"}""";
        await Etcd.PutAsync(Key, Static);

        await Announce("--uri", "sip:10.0.0.1", "--ttl", "2s").WaitForLineAsync("is held by somebody else", Fleet.Deadline);
        Assert.That(await Etcd.GetAsync(Key), Is.EqualTo(Static));

        await Etcd.DeleteAsync(Key);
        await WaitForKeyAsync("sip:10.0.0.1");
        Assert.That(await Etcd.GetAsync(Key), Is.Not.EqualTo(Static));
    }

    [Test]
    public async Task A_box_that_crashed_has_its_name_back_at_once()
    {
        var first = Announce("--uri", "sip:10.0.0.1", "--ttl", "1h");
        await first.WaitForLineAsync("Wrote", Fleet.Deadline);
        first.Kill();

        await Announce("--uri", "sip:10.0.0.1", "--ttl", "2s").WaitForLineAsync("Wrote", Fleet.Deadline);
    }

    [Test]
    public async Task Of_two_announcers_of_one_box_the_first_gives_in()
    {
        var first = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        await first.WaitForLineAsync("Wrote", Fleet.Deadline);
        var second = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        await second.WaitForLineAsync("Wrote", Fleet.Deadline);
        await first.WaitForLineAsync("was taken over", Fleet.Deadline);
        await first.WaitForLineAsync("is held by somebody else", Fleet.Deadline);

        first.Signal(UnixSignals.Terminate);
        Assert.That(await first.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1), "calls go on");

        Assert.That(await Etcd.GetAsync(Key), Is.Not.Null, "it withdraws its own only");
        Assert.That(first.Output, Does.Contain($"Not ours: {Key} is held by somebody else").And.Not.Contain("Withdrew").And.Not.Contain("has stopped sending calls"));
        Assert.That(second.Output, Does.Not.Contain("was taken over"));
    }

    [Test]
    public async Task Without_etcd_it_waits_says_so_and_exits_when_asked()
    {
        await Etcd.StopAsync();
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ack-timeout", "1s");
        await announcer.WaitForLineAsync("cannot be kept alive", Fleet.Deadline);

        await Etcd.StartAgainAsync();
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        await Etcd.StopAsync();
        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(3), "etcd could not be told");
        Assert.That(announcer.Output, Does.Contain("could not be withdrawn"));
    }
}
