using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>A dispatcher follows what is wished of its own proxy, and tells it once when it changes.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class FollowedProxyIntentTests
{
    private const int Drained = 3070;
    private const int Resumed = 3071;

    private readonly LogCapture<FollowedProxyIntent> _log = new();
    private readonly FollowedProxyIntent _own;
    private OperatorIntents? _known;

    public FollowedProxyIntentTests() => _own = new FollowedProxyIntent(() => _known, "edge-1", _log);

    [Test]
    public void Until_anything_is_read_nothing_is_known_and_nothing_is_acknowledged() => Assert.That(_own.Read(), Is.EqualTo(new ProxyIntent(0, IsDrained: false)));

    [Test]
    public void Its_own_drain_is_told_with_who_and_why_once_and_so_is_its_end()
    {
        _known = Draining(5, "edge-1");
        Assert.That(_own.Read(), Is.EqualTo(new ProxyIntent(5, IsDrained: true) { By = "ops@host", Reason = "new\u001bdisk" }));
        _own.Read();
        Assert.That(_log.Of(Drained), Is.EqualTo(new[]
        {
            "Proxy edge-1 is drained by ops@host: new\\u001bdisk: 'kamrpc health' fails here, so that whoever goes by it takes the calls elsewhere. Calls that come are routed as before; 'kamrpc proxy resume edge-1' takes it back, with --force where it is somebody else's",
        }));
        Assert.That(_log.LevelsOf(Drained), Is.EqualTo(new[] { LogLevel.Warning }));

        _known = Draining(6);
        Assert.That(_own.Read(), Is.EqualTo(new ProxyIntent(6, IsDrained: false)));
        Assert.That(_log.Of(Resumed), Has.Count.EqualTo(1));
    }

    [Test]
    public void What_is_wished_of_another_proxy_is_nothing_to_it()
    {
        _known = Draining(5, "edge-2");
        Assert.That(_own.Read(), Is.EqualTo(new ProxyIntent(5, IsDrained: false)));
        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public void What_was_saved_or_may_not_be_read_any_more_is_in_force_and_acknowledges_nothing()
    {
        _known = Draining(5, "edge-1") with { IsFollowed = false };

        Assert.That((_own.Read().Revision, _own.Read().IsDrained), Is.EqualTo((0L, true)));
    }

    private static OperatorIntents Draining(long revision, params string[] proxies) => FakeIntents.Draining(revision) with
    {
        ByProxy = proxies.ToDictionary(static proxy => proxy, static _ => new Intent(default(MemberKey)) { IsDrained = true, By = "ops@host", Reason = "new\u001bdisk" }),
    };
}
