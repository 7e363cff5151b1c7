using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What <c>kamrpc status</c>, <c>explain</c> and <c>list</c> say of one member at a real Kamailio; <see cref="TruthTests"/> has what is wrong at large.</summary>
[Parallelizable]
public sealed class StatusTruthTests
{
    private const string Uri = "sip:127.0.0.1:7001";

    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(3);

    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _fleet = await Fleet.StartAsync();
        await _fleet.PutUriAsync("1/box", Uri);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, Uri));
        await FindAsync(static codes => codes.Length == 0);
    }

    [TearDown]
    public async Task StopAsync() => await (_fleet?.DisposeAsync() ?? default);

    [Test]
    public async Task Kamailio_finds_a_server_dead_that_says_it_is_ready()
    {
        await _fleet.Kamailio.CallAsync("dispatcher.set_state", "ip", 1, Uri);

        await FindAsync(static codes => codes is ["set-without-destination", "member-without-calls"], InTime);
        var (exitCode, output, _) = await Kamrpc.RunAsync("explain", "box", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("box gets no calls on p1: it does not answer Kamailio's pings"));
    }

    [Test]
    public async Task A_member_that_is_as_it_should_be_is_explained_so_and_listed_by_its_name()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync("explain", "box", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.EndWith("box gets calls on p1.\n"));

        (exitCode, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", _fleet.Kamailio.RpcAddress);
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.Match("\n  1    box +sip:127.0.0.1:7001  CALLS  A[PX] +ours"));
    }

    /// <summary>Looks again and again until the codes of what is found are as wanted.</summary>
    /// <param name="isWanted">Whether they are.</param>
    /// <param name="inTime">From how long after the call on every look finds it that begins then: how long one takes is the machine's.</param>
    private async Task FindAsync(Func<string[], bool> isWanted, TimeSpan? inTime = null)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var looked = Stopwatch.GetElapsedTime(begun);
            var (exitCode, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--etcd", _fleet.Etcd.Endpoint);
            string[] codes = [.. JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString()!)];
            if (isWanted(codes))
            {
                Assert.That(exitCode, Is.EqualTo(codes.Length == 0 ? 0 : 1), errors);
                await TestContext.Out.WriteLineAsync($"found {string.Join(", ", codes)} by a look that began after {looked.TotalSeconds:0.0} s");
                return;
            }

            Assert.That(looked, Is.LessThan(inTime ?? Fleet.Deadline), output);
        }
    }
}
