using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>One Service of a source cannot be read when a dispatcher starts.</summary>
[Parallelizable]
public sealed class UnreadServiceTests
{
    private const int Waiting = 1099;

    private static readonly KubernetesService First = new("voice", "v1", 1);
    private static readonly KubernetesService Second = new("hidden", "v2", 1);

    private ApiServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ApiServer.StartAsync();
        _server.Forbidden["list hidden"] = true;
        _server.Store.Put(SliceText.Slice("v1", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2")));
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Its_saved_members_stand_in_for_it_alone_and_the_others_are_followed()
    {
        await using var followed = FollowedSource.After(_server, Before(Of("a.voice", First), Of("b.voice", First), Of("x.hidden", Second)), First, Second);
        await followed.WaitForAsync("a.voice Ready", "b.voice Ready", "x.hidden Ready");
        Assert.That(followed.Source.Current!.SavedOnly, Is.EqualTo(new[] { "kubernetes:hidden/v2" }));
        Assert.That(followed.Source.Away!.Store, Is.EqualTo("kubernetes:hidden/v2"));

        _server.Store.Put(SliceText.Slice("v1", "s1", SliceText.Terminating("a", "10.0.0.1"), SliceText.Ready("c", "10.0.0.3")));
        await followed.WaitUntilAsync(static membership => membership.Members.Any(static member => member.Key.Name == "c.voice"));
        Assert.That(followed.Members, Does.Contain("a.voice Draining").And.Contain("x.hidden Ready"));

        _server.Forbidden.Clear();
        await followed.WaitUntilAsync(static membership => membership.SavedOnly.Count == 0);
        Assert.That(followed.Members, Does.Not.Contain("x.hidden Ready"));
        Assert.That(followed.Log.Of(Waiting), Is.Empty);
    }

    [Test]
    public async Task One_that_had_nobody_in_a_set_of_others_keeps_nobody_waiting()
    {
        await using var followed = FollowedSource.After(_server, Before(Of("a.voice", First), Of("b.voice", First)), First, Second);

        await followed.WaitForAsync("a.voice Ready", "b.voice Ready");
    }

    [Test]
    public async Task Where_nothing_is_saved_of_its_set_the_others_wait_and_that_is_told()
    {
        await using var followed = FollowedSource.After(_server, Before(Of("a", First)), First, Second with { Set = 2 });
        await followed.Log.WaitForAsync(Waiting);

        Assert.That(followed.Source.Current, Is.Null);
        Assert.That(followed.Log.Of(Waiting).Single(), Does.StartWith("voice/v1 is read, and not followed before hidden/v2 has been read too"));
        Assert.That(followed.Source.Away!.Reason, Does.StartWith("nobody of its source is followed before it has been read once: the API server refuses"));

        _server.Forbidden.Clear();
        await followed.WaitForAsync("a Ready", "b Ready");
        Assert.That(followed.Source.Away, Is.Null);
    }

    private static Membership Before(params Member[] members) => new(7, members, []);

    private static Member Of(string name, KubernetesService service) =>
        Members.Of(name, service.Set) with { Labels = Members.Of(name).Labels.SetItem("service", service.Service).SetItem("namespace", service.Namespace) };
}
