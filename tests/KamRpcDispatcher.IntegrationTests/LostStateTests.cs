using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>A dispatcher that was killed starts anew without what it had saved, and etcd has lost the members meanwhile: all that tells of them is Kamailio's list.</summary>
[Parallelizable]
public sealed class LostStateTests
{
    private const string Missing = "4 members get calls by Kamailio's list";

    private static readonly string[] Names = [.. Enumerable.Range(1, 4).Select(static number => $"m{number}")];

    private TemporaryFolder _folder = null!;
    private TaskCompletionSource<long> _missing = null!;
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        _missing = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _fleet = await Fleet.StartAsync(new FleetOptions
        {
            // Nobody is there, and who is found dead gets no calls that could be lost.
            OnDispatcherLine = line =>
            {
                if (line.Contains(Missing, StringComparison.Ordinal))
                {
                    _missing.TrySetResult(Stopwatch.GetTimestamp());
                }
            },
        });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await (_fleet?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Where_etcd_is_empty_everybody_stays_for_two_seconds_and_half_of_the_set_until_it_is_confirmed(bool isAnsweringLater)
    {
        foreach (var name in Names)
        {
            await _fleet.PutUriAsync($"1/{name}", Uri(name));
        }

        await _fleet.WaitForListAsync(IsWhole);
        await KillDispatcherAsync();
        foreach (var name in Names)
        {
            await _fleet.DeleteAsync($"1/{name}");
        }

        await StartAnewAsync(isAnsweringLater);
        await _fleet.Dispatcher.WaitForLineAsync(Missing, Fleet.Deadline);
        var missing = await _missing.Task;
        var fewer = await _fleet.WaitForListAsync(static list => !IsWhole(list));
        Assert.That(Stopwatch.GetElapsedTime(missing, fewer), Is.GreaterThan(TimeSpan.FromSeconds(1)), "two seconds, less what the line took to get here");

        await _fleet.Dispatcher.WaitForLineAsync("PANIC in set 1", Fleet.Deadline);
        await _fleet.WaitForListAsync(static list => list.Count == 2);
        Assert.That((await _fleet.Kamailio.ListAsync()).Select(static entry => entry.Flags[0]), Is.All.Not.EqualTo('D'));

        await WaitForReportAsync("\"held\":[{\"member\":\"1/m");
        var (exitCode, output, errors) = await Kamrpc.RunAsync("confirm", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.Zero, output + errors);
        await _fleet.WaitForListAsync(static list => list.All(static entry => entry.Flags[0] == 'D'));
    }

    [Test]
    public async Task Whose_lease_has_ended_keeps_its_calls_where_its_announcer_comes_back()
    {
        var announcers = new List<ServerProcess>();
        foreach (var name in Names)
        {
            announcers.Add(await _fleet.AnnounceAsync(name, Uri(name), "--ttl", "5s"));
        }

        await _fleet.WaitForListAsync(IsWhole);
        await KillDispatcherAsync();
        announcers.ForEach(static announcer => announcer.Pause());
        foreach (var name in Names)
        {
            await _fleet.Etcd.RevokeAsync((await _fleet.Etcd.LeaseAsync(_fleet.Keys.Members + $"1/{name}"))!);
        }

        await StartAnewAsync(isAnsweringLater: false);
        await _fleet.Dispatcher.WaitForLineAsync(Missing, Fleet.Deadline);
        announcers.ForEach(static announcer => announcer.Resume());

        // Longer than they are waited for.
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5);)
        {
            Assert.That(IsWhole(await _fleet.Kamailio.ListAsync()), _fleet.Dispatcher.Output);
        }

        Assert.That(await _fleet.Etcd.KeysAsync(_fleet.Keys.Members), Has.Count.EqualTo(Names.Length));
        Assert.That(_fleet.Dispatcher.Output, Does.Not.Contain("PANIC").And.Not.Contain(": disabled sip:"));
    }

    private static string Uri(string name) => $"sip:127.0.1.{name[1..]}:5060";

    private static bool IsWhole(IReadOnlyList<FakeDestination> list) => Array.TrueForAll(Names, name => Fleet.IsEnabled(list, Uri(name)));

    private async Task KillDispatcherAsync()
    {
        _fleet.Dispatcher.Kill();
        await _fleet.Dispatcher.Gone.WaitAsync(Fleet.Deadline);
    }

    private async Task StartAnewAsync(bool isAnsweringLater)
    {
        if (isAnsweringLater)
        {
            _fleet.Etcd.Pause();
        }

        _fleet.StartDispatcher("--state-dir", _folder.File("new"));
        if (isAnsweringLater)
        {
            await _fleet.Dispatcher.WaitForLineAsync("no membership is saved in", Fleet.Deadline);
            _fleet.Etcd.Resume();
        }
    }

    private async Task WaitForReportAsync(string part)
    {
        for (var begun = Stopwatch.GetTimestamp(); !(await _fleet.Etcd.ValuesAsync("/kamrpc/default/proxies/")).Any(value => value.Contains(part, StringComparison.Ordinal));)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), part);
        }
    }
}
