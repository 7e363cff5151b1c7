using KamRpcDispatcher.Cli.Page;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Page;

/// <summary>Who looks is told what changes, all by one reading, and nobody is read for where nobody looks.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PageFeedTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _life = new();
    private readonly FakePageStore _store = new();
    private readonly PageFeed _feed;
    private readonly Task _running;

    public PageFeedTests()
    {
        _feed = new PageFeed(new PageSource("c", _store, null, TimeProvider.System), mostWatchers: 2, TimeProvider.System, NullLogger<PageFeed>.Instance);
        _running = _feed.RunAsync(_life.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }

    [Test]
    public async Task Nothing_is_read_until_somebody_looks_and_no_more_when_nobody_does()
    {
        _feed.Wake();
        Assert.That(_store.Readings, Is.Zero);
        var update = await _feed.TryWatch()!.WaitAsync(Deadline);
        Assert.That(update.Number, Is.EqualTo(1));
        await WaitAsync(() => _store.Readings > 0);

        _feed.Leave();
        var readings = -1;
        await WaitAsync(() =>
        {
            var isQuiet = readings == _store.Readings;
            readings = _store.Readings;
            return isQuiet;
        });
        var again = await _feed.TryWatch()!.WaitAsync(Deadline);
        Assert.That(again.Number, Is.EqualTo(1), "who comes later begins anew");
        await WaitAsync(() => _store.Readings > readings);
    }

    [Test]
    public async Task More_than_may_look_are_sent_away_until_one_leaves()
    {
        Assert.That(_feed.TryWatch(), Is.Not.Null);
        Assert.That(_feed.TryWatch(), Is.Not.Null);
        Assert.That(_feed.TryWatch(), Is.Null);
        _feed.Leave();
        Assert.That(await _feed.TryWatch()!.WaitAsync(Deadline), Is.Not.Null);
    }

    [Test]
    public async Task A_change_in_etcd_is_told_and_an_outage_at_once_with_what_was_read_before()
    {
        var update = await WaitForAsync(await _feed.TryWatch()!.WaitAsync(Deadline), "\"name\":\"m003\"");
        _store.View = PageRig.Fleet(4);
        update = await WaitForAsync(update, "\"name\":\"m004\"");
        _store.Failure = new TimeoutException("gone");
        update = await WaitForAsync(update, "\"answers\":false");
        Assert.That(System.Text.Encoding.UTF8.GetString(update.Whole), Does.Contain("\"reason\":\"unexpected: gone\"").And.Contain("\"name\":\"m004\""));
    }

    [Test]
    public async Task While_nothing_was_read_nothing_is_claimed()
    {
        _store.Failure = new TimeoutException("gone");
        var update = await WaitForAsync(await _feed.TryWatch()!.WaitAsync(Deadline), "\"answers\":false");
        Assert.That(System.Text.Encoding.UTF8.GetString(update.Whole), Does.Contain("\"known\":false").And.Contain("\"findings\":[]"));
    }

    private static async Task<PageUpdate> WaitForAsync(PageUpdate update, string text)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!System.Text.Encoding.UTF8.GetString(update.Whole).Contains(text, StringComparison.Ordinal))
        {
            update = await update.Next.Task.WaitAsync(deadline.Token);
        }

        return update;
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        do
        {
            await Task.Delay(1000, deadline.Token);
        }
        while (!isSo());
    }
}
