using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Several names for one address, and records of another version: nobody takes another one's server out of rotation, nor keeps a dead one in.</summary>
[Parallelizable]
public class ClaimantsTests
{
    private const string Uri = "sip:127.0.0.1:7001";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_name_that_leaves_an_address_which_another_one_has_is_told_that_calls_go_on()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.AnnounceAsync("ok", Uri);
        var other = await fleet.AnnounceAsync("zz", Uri);
        await fleet.WaitForListAsync(static list => list.Count == 1 && list[0].Attrs!.Contains("duid=zz", StringComparison.Ordinal));

        other.Signal(UnixSignals.Terminate);
        await other.WaitForLineAsync("1/zz leaves, and another name announces this address (1/ok): calls go on", Deadline);
        Assert.That(await other.Exited.WaitAsync(Deadline), Is.Zero);
        Assert.That(other.Output, Does.Not.Contain("has stopped sending calls"));
        await fleet.WaitForListAsync(static list => list.Count == 1 && list[0].Attrs!.Contains("duid=ok", StringComparison.Ordinal) && Fleet.IsRoutable(list, list[0].Uri));
    }

    [Test]
    public async Task A_member_that_somebody_else_has_is_not_said_to_get_no_calls_when_the_others_leave()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.PutUriAsync("1/part", "sip:127.0.0.1:7002");
        var part = await fleet.AnnounceAsync("part", Uri, "--set", "1", "--set", "2");
        await fleet.WaitForListAsync(static list => list.Select(static entry => entry.Set).Order().SequenceEqual([1, 2]));

        part.Signal(UnixSignals.Terminate);
        await part.WaitForLineAsync("Not ours: /kamrpc/default/members/1/part", Deadline);
        await part.WaitForLineAsync("Every live proxy (1) has stopped sending calls to the others: 2/part", Deadline);
        Assert.That(await part.Exited.WaitAsync(Deadline), Is.EqualTo(1), "calls go on");
    }

    [Test]
    public async Task A_record_under_another_name_silences_nobody_and_is_a_finding()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.AnnounceAsync("ok", Uri);
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, Uri));
        foreach (var state in new[] { "draining", "down", "asleep" })
        {
            await fleet.PutAsync("1/zz", $"{{\"uri\":\"{Uri}\",\"state\":\"{state}\"}}");
        }

        await fleet.Dispatcher.WaitForLineAsync("Member 1/zz is left out: 1/ok has", Deadline);
        await fleet.PutUriAsync("1/mark", "sip:127.0.0.1:7002");
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, "sip:127.0.0.1:7002"));
        Assert.That(Fleet.IsRoutable(await fleet.Kamailio.ListAsync(), Uri));

        var (exitCode, _) = await Kamrpc.WaitForStatusAsync("set 1: ok has the address of zz too, and is followed", "--etcd", fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_member_that_was_moved_to_another_set_is_told_of_the_one_in_which_it_still_stands()
    {
        await using var fleet = await Fleet.StartAsync();
        var before = await fleet.AnnounceAsync("moved", Uri, "--set", "1", "--ttl", "60s");
        await fleet.AnnounceAsync("other", "sip:127.0.0.1:7009", "--set", "1");
        before.Kill();
        await before.Exited.WaitAsync(Deadline);

        var after = await fleet.AnnounceAsync("moved", Uri, "--set", "2");
        await after.WaitForLineAsync($"/kamrpc/default/members/1/moved announces {Uri} under this name too, in a set that is not announced here", Deadline);
        await fleet.WaitForListAsync(static list => list.Select(static entry => entry.Set).Order().SequenceEqual([1, 1, 2]));

        // Another server of that name is nobody of ours.
        var namesake = await fleet.AnnounceAsync("other", "sip:127.0.0.1:7010", "--set", "3");
        await fleet.WaitForListAsync(static list => list.Any(static entry => entry.Set == 3));
        namesake.Signal(UnixSignals.Terminate);
        Assert.That(await namesake.Exited.WaitAsync(Deadline), Is.Zero);
        Assert.That(namesake.Output, Does.Not.Contain("under this name too"));
    }

    [Test]
    public async Task A_record_of_a_newer_version_takes_its_member_out_of_service()
    {
        await using var fleet = await Fleet.StartAsync();
        foreach (var (name, record) in new[]
        {
            ("field", """{"uri":"sip:127.0.0.1:7003","state":"down","zone":"eu"}"""),
            ("state", """{"uri":"sip:127.0.0.1:7003","state":"asleep"}"""),
            ("rejected", """{"uri":"sip:127.0.0.1:7003","state":"draining","weight":{"of":7}}"""),
        })
        {
            await fleet.PutUriAsync("1/" + name, "sip:127.0.0.1:7003");
            await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:7003"));
            await fleet.PutAsync("1/" + name, record);
            await fleet.WaitForListAsync(static list => list.All(static entry => entry.Flags[0] == 'D'));
            await fleet.DeleteAsync("1/" + name);
            await fleet.WaitForListAsync(static list => list.Count == 0);
        }

        Assert.That(fleet.Dispatcher.Output, Does.Contain("the field 'zone' is not known").And.Contain("the state 'asleep' is not known: not ready").And.Contain("but not ready, as it says"));
    }
}
