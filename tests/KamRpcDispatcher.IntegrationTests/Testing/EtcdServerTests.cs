using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

[Parallelizable]
public sealed class EtcdServerTests
{
    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
        }
    }

    [Test]
    public async Task It_keeps_what_was_put_over_a_stop_and_a_kill()
    {
        var first = await _etcd.PutAsync("/a/1", "one");
        Assert.That(await _etcd.PutAsync("/a/2", "two \"2\"\n"), Is.EqualTo(first + 1));
        await _etcd.PutAsync("/b/1", "");

        await _etcd.StopAsync();
        await _etcd.StartAgainAsync();
        _etcd.Kill();
        await _etcd.StartAgainAsync();

        Assert.That(string.Join(' ', await _etcd.KeysAsync("/a/")), Is.EqualTo("/a/1 /a/2"));
        Assert.That(await _etcd.GetAsync("/a/2"), Is.EqualTo("two \"2\"\n"));
        Assert.That(await _etcd.GetAsync("/b/1"), Is.Empty);
        Assert.That(await _etcd.GetAsync("/c"), Is.Null);
        Assert.That(await _etcd.DeleteAsync("/a/1"), Is.EqualTo(await _etcd.RevisionAsync()));
        Assert.That(string.Join(' ', await _etcd.KeysAsync("/a/")), Is.EqualTo("/a/2"));
    }

    [Test]
    public async Task It_takes_a_value_of_a_megabyte()
    {
        var value = new string('v', 1024 * 1024);

        await _etcd.PutAsync("/large", value);

        Assert.That(await _etcd.GetAsync("/large") == value);
    }

    [Test]
    public async Task It_compacts()
    {
        await _etcd.PutAsync("/a", "1");
        var revision = await _etcd.PutAsync("/a", "2");

        await _etcd.CompactAsync(revision);

        Assert.That(() => _etcd.CompactAsync(revision), Throws.InvalidOperationException.With.Message.Contains("compacted"));
    }

    [Test]
    public async Task A_key_leaves_with_its_lease()
    {
        await _etcd.PutAsync("/leased", "1", leaseSeconds: 1);
        Assert.That(await _etcd.GetAsync("/leased"), Is.EqualTo("1"));

        Assert.That(() => _etcd.GetAsync("/leased").GetAwaiter().GetResult(), Is.Null.After(10).Seconds.PollEvery(200));
    }

    [Test]
    public async Task Paused_it_answers_after_the_resume()
    {
        _etcd.Pause();
        var put = _etcd.PutAsync("/a", "1");
        await Task.WhenAny(put, Task.Delay(300));
        Assert.That(put.IsCompleted, Is.False);

        _etcd.Resume();

        await put;
    }
}
