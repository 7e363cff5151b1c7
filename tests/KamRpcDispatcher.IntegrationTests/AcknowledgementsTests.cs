using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What an announcer that leaves knows of the proxies, who reads only what was written since it asked last.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AcknowledgementsTests : IAsyncDisposable
{
    private const int LeaseSeconds = 600;

    private readonly EtcdKeys _keys = new("default");
    private EtcdServer? _started;
    private EtcdConnection? _store;
    private Acknowledgements _acknowledgements = null!;

    [SetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "etcdctl");
        _started = await EtcdServer.StartAsync();
        _store = new EtcdConnection(Fleet.Endpoints(_started), TimeProvider.System);
        _acknowledgements = new Acknowledgements(_store, _keys, TimeProvider.System);
    }

    private EtcdServer Etcd => _started!;

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_started?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task Who_acknowledges_comes_and_ends_between_two_readings_is_seen()
    {
        var revision = await ReportAsync("a", 0);
        await ReportAsync("b", revision);
        Assert.That(await MissingAsync(revision), Is.EqualTo(new[] { "a" }));

        await ReportAsync("a", revision);
        Assert.That(await MissingAsync(revision), Is.Empty);

        await ReportAsync("c", 0);
        Assert.That(await MissingAsync(revision), Is.EqualTo(new[] { "c" }));

        await Etcd.DeleteAsync(_keys.Proxy("c"));
        Assert.That((await _acknowledgements.ReadAsync(revision, [1], CancellationToken.None)).Proxies, Is.EqualTo(2), "it has ended");

        // As many as before, and not the same.
        await Etcd.DeleteAsync(_keys.Proxy("b"));
        await ReportAsync("d", 0);
        Assert.That(await MissingAsync(revision), Is.EqualTo(new[] { "d" }));
        Assert.That((await _acknowledgements.ReadAsync(revision, [1], CancellationToken.None)).Proxies, Is.EqualTo(2));
    }

    [Test]
    public async Task What_was_read_before_counts_for_nothing_after_a_restore()
    {
        var revision = await ReportAsync("a", 0);
        using var folder = new TemporaryFolder();
        await Etcd.SaveAsync(folder.File("backup"));
        await ReportAsync("a", revision);
        Assert.That(await MissingAsync(revision), Is.Empty);

        await Etcd.RestoreAsync(folder.File("backup"));
        Assert.That(await MissingAsync(revision), Is.EqualTo(new[] { "a" }));
    }

    private async Task<IReadOnlyList<string>> MissingAsync(long revision)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return (await _acknowledgements.ReadAsync(revision, [1], CancellationToken.None)).Missing;
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None) && TimeProvider.System.GetElapsedTime(begun) < Fleet.Deadline)
            {
                // It is being restored.
            }
        }
    }

    private Task<long> ReportAsync(string proxy, long silenced) =>
        Etcd.PutAsync(_keys.Proxy(proxy), $$$"""{"revision":{{{silenced}}},"silenced":{{{silenced}}},"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6.3","drift":0,"sets":{}}""", LeaseSeconds);
}
