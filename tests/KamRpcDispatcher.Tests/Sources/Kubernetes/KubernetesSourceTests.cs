using System.Globalization;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>Against a server of the API on a real socket, by HTTPS.</summary>
[Parallelizable]
public sealed class KubernetesSourceTests
{
    private ApiServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ApiServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Slices_are_followed_from_the_list_on_over_both_versions_of_HTTP([Values] bool isOld)
    {
        await using var old = isOld ? await ApiServer.StartAsync(isOld: true) : null;
        var server = old ?? _server;
        server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        server.Store.Put(SliceText.Slice("other", "o1", SliceText.Ready("x", "10.0.9.1")));
        await using var followed = FollowedSource.Of(server);
        await followed.WaitForAsync("a Ready");

        server.Store.Put(SliceText.Slice("asterisk", "s2", SliceText.Ready("b", "10.0.0.2")));
        await followed.WaitForAsync("a Ready", "b Ready");
        server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Terminating("a", "10.0.0.1")));
        await followed.WaitForAsync("a Draining", "b Ready");
        server.Store.Delete("voice", "s1");
        await followed.WaitForAsync("b Ready");

        Assert.That(followed.Log.Of(1096).Single(), Does.Contain("voice/asterisk: calls go to the port sip (UDP 5060)"));
    }

    [Test]
    public async Task A_long_list_comes_in_pages_and_begins_anew_when_the_rest_of_it_is_forgotten()
    {
        for (var number = 0; number < 250; number++)
        {
            _server.Store.Put(SliceText.Slice("asterisk", $"s{number:000}", SliceText.Ready($"p{number:000}", $"10.0.0.{number}")));
        }

        await using var followed = FollowedSource.Of(_server);
        await followed.WaitUntilAsync(static membership => membership.Members.Count == 250);

        Assert.That(_server.Requests.Count(static request => request.Contains("limit=100", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(_server.Requests.Count(static request => request.Contains("continue=page-", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task A_watch_that_ends_without_a_word_begins_again_where_it_was_and_nothing_is_lost()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready");

        for (var number = 1; number <= 5; number++)
        {
            _server.CutWatches();
            _server.Store.Put(SliceText.Slice("asterisk", "s2", [.. Enumerable.Range(1, number).Select(static pod => SliceText.Ready($"b{pod}", $"10.0.1.{pod}"))]));
            await followed.WaitForAsync(["a Ready", .. Enumerable.Range(1, number).Select(static pod => $"b{pod} Ready")]);
        }

        Assert.That(_server.Requests.Count(static request => request.Contains("limit=", StringComparison.Ordinal)), Is.EqualTo(1), "it was listed once");
    }

    [Test]
    public async Task A_watch_that_the_server_ends_in_time_begins_again()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        var config = _server.WriteKubeConfig();
        await using var followed = new FollowedSource(() => KubeConfigReader.Read(config), FollowedSource.Quick with { Watch = TimeSpan.FromSeconds(1) });
        await followed.WaitForAsync("a Ready");

        await Eventually.BecomesAsync(() => _server.Watches >= 3);
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2")));
        await followed.WaitForAsync("a Ready", "b Ready");
        Assert.That(followed.Source.Away, Is.Null);
    }

    [Test]
    public async Task A_version_that_is_forgotten_has_all_read_anew_and_what_was_deleted_meanwhile_does_not_come_back([Values] bool isRefusedAtOnce)
    {
        _server.RefusesOldWatchAtOnce = isRefusedAtOnce;
        _server.BookmarkInterval = TimeSpan.FromMinutes(1);
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        _server.Store.Put(SliceText.Slice("asterisk", "s2", SliceText.Terminating("b", "10.0.0.2")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready", "b Draining");

        // Nobody tells of the deletion: the watch has ended, and its history is gone.
        _server.Trouble = (429, "TooManyRequests");
        _server.CutWatches();
        await followed.Log.WaitForAsync(1091);
        _server.Store.Delete("voice", "s2");
        _server.Store.Compact();
        _server.Trouble = null;

        await followed.WaitForAsync("a Ready");
        Assert.That(followed.Log.Of(1094), Is.Not.Empty);
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("c", "10.0.0.3")));
        await followed.WaitForAsync("a Ready", "c Ready");
    }

    /// <summary>Something between ends them, and says nothing: the server is heard all the time.</summary>
    [Test]
    public async Task Watches_that_end_at_once_are_told_and_what_changes_is_listed()
    {
        _server.EndsWatchesAtOnce = true;
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(_server);
        await Eventually.BecomesAsync(() => followed.Source.Away is { Reason: var reason } && reason.Contains("watches end at once", StringComparison.Ordinal));
        _server.Store.Put(SliceText.Slice("asterisk", "s2", SliceText.Ready("b", "10.0.0.2")));
        await followed.WaitForAsync("a Ready", "b Ready");
        Assert.That((followed.Log.Of(1091).Count, followed.Log.Of(1093).Count), Is.EqualTo((1, 0)), "it is one outage");

        _server.EndsWatchesAtOnce = false;
        await Eventually.BecomesAsync(() => followed.Source.Away is null);
        Assert.That(followed.Log.Of(1093), Has.Count.EqualTo(1));
    }

    /// <summary>A server that was restored from a backup knows no version as late as this one's.</summary>
    [Test]
    public async Task A_server_that_knows_no_such_version_is_asked_for_all_anew()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready");

        _server.WatchTrouble = (504, "Timeout");
        _server.CutWatches();
        await followed.Log.WaitForAsync(1091);
        _server.Store.Put(SliceText.Slice("asterisk", "s2", SliceText.Ready("b", "10.0.0.2")));
        await followed.WaitForAsync("a Ready", "b Ready");
    }

    [Test]
    public async Task Bookmarks_keep_a_quiet_watch_from_being_forgotten()
    {
        _server.BookmarkInterval = TimeSpan.FromMilliseconds(50);
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready");

        _server.Store.Pass(1000);
        var now = _server.Store.Version.ToString(CultureInfo.InvariantCulture);
        var before = _server.Bookmarks;
        await Eventually.BecomesAsync(() => _server.Bookmarks >= before + 2);
        _server.CutWatches();

        await Eventually.BecomesAsync(() => _server.Requests.Any(request => request.Contains("watch=", StringComparison.Ordinal) && request.EndsWith($"resourceVersion={now}", StringComparison.Ordinal)));
        Assert.That(followed.Log.Of(1094), Is.Empty);
    }

    [Test]
    public async Task A_connection_of_which_nobody_tells_that_it_is_gone_is_noticed([Values] bool isOld)
    {
        await using var server = await ApiServer.StartAsync(isOld);
        await using var relay = new TcpRelay(server.Endpoint);
        server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(server, relay.Endpoint);
        await followed.WaitForAsync("a Ready");
        await Eventually.BecomesAsync(() => server.Requests.Any(static request => request.Contains("watch=", StringComparison.Ordinal)));

        relay.Swallow();
        server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2")));

        await followed.WaitForAsync("a Ready", "b Ready");
    }

    [Test]
    public async Task A_Service_that_has_nothing_is_told_of()
    {
        await using var followed = FollowedSource.Of(_server);

        await followed.Log.WaitForAsync(1095);

        await followed.WaitUntilAsync(static membership => membership.Members.Count == 0);
    }

    [Test]
    public async Task Nobody_is_told_before_every_Service_was_read()
    {
        _server.Store.Put(SliceText.Slice("one", "s1", SliceText.Ready("a", "10.0.0.1")));
        _server.Store.Put(SliceText.Slice("two", "s2", SliceText.Ready("b", "10.0.0.2")));
        _server.Forbidden["list voice"] = true;
        await using var followed = FollowedSource.Of(_server, null, Slices.Service("one"), Slices.Service("two"));
        await followed.Log.WaitForAsync(1091, 2);
        Assert.That(followed.Source.Current, Is.Null);

        _server.Forbidden.Clear();
        await followed.WaitForAsync("a Ready", "b Ready");
    }

    [Test]
    public async Task An_endpoint_that_is_in_no_slice_any_more_goes_after_a_moment_in_which_the_watch_stands()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready", "b Ready");

        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await followed.WaitUntilAsync(static membership => membership.Expired.Count == 1 && membership.Expired[0].IsDoubted(membership.Heard));

        await followed.WaitUntilAsync(static membership => membership.Expired.Count == 1 && !membership.Expired[0].IsDoubted(membership.Heard));
    }
}

/// <summary>Awaits what nobody tells of.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    public static async Task BecomesAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var timer = new PeriodicTimer(Step);
        while (!condition())
        {
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
