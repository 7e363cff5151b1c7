using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Where the last good membership is kept lasts longer than Kamailio.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StateDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void What_systemd_gives_is_used() =>
        Assert.That(StateDirectory.Default(static name => name == "STATE_DIRECTORY" ? "/var/lib/kamrpc:/var/lib/other" : null, "/run/kamailio"), Is.EqualTo("/var/lib/kamrpc"));

    [TestCase("/run/kamailio")]
    [TestCase("/var/run/kamailio")]
    [TestCase("/tmp")]
    [TestCase("/nonexistent")]
    [TestCase("/")]
    [TestCase("")]
    public void Where_the_home_goes_with_Kamailio_the_membership_is_kept_elsewhere(string home)
    {
        var directory = StateDirectory.Default(static _ => null, home);
        Assert.That(directory, Is.EqualTo("/var/lib/kamrpc").Or.StartsWith("/var/tmp/kamrpc-"));
        Assert.That(StateDirectory.FleetingPlaceOf(directory), Is.Null);
    }

    [TestCase("/run/kamailio/state", "/run")]
    [TestCase("/var/run/kamailio/.local/state/kamrpc", "/run")]
    [TestCase("/dev/shm/x", "/dev/shm")]
    [TestCase("/tmp", "/tmp")]
    [TestCase("/srv/kamailio/run/state", "/srv/kamailio/run")]
    [TestCase("/runner/x", null)]
    [TestCase("/var/lib/kamrpc", null)]
    public void A_place_that_does_not_last_is_known(string directory, string? place) =>
        Assert.That(StateDirectory.FleetingPlaceOf(directory, "/srv/kamailio/run/kamailio_rpc.sock"), Is.EqualTo(place));

    [Test]
    public void Links_on_the_way_are_seen_through()
    {
        Directory.CreateSymbolicLink(_folder.File("lib"), "/run");
        Assert.That(StateDirectory.FleetingPlaceOf(_folder.File("lib/kamrpc/state")), Is.EqualTo("/run"));
    }
}
