using System.Collections.Immutable;
using KamailioRpc.Commands;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>For how long changes of state are owed: those that wait for nothing but a Kamailio that takes them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class OwedStatesTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly OwedStates _owed;

    public OwedStatesTests() => _owed = new OwedStates(_clock);

    [Test]
    public void Where_nothing_is_owed_or_only_what_waits_for_its_turn_there_is_none()
    {
        Assert.That(_owed.Current, Is.Null);
        Observe(new ChangePlan { Adds = [new AddDestination(1, "sip:a", 8, 0, string.Empty)], Removes = [new RemoveDestination(1, "sip:b")] });
        Assert.That(_owed.Current, Is.Null);
    }

    [Test]
    public void It_counts_from_when_there_were_no_fewer()
    {
        Observe(Disabling(3));
        Seconds(5);
        Observe(Disabling(3));
        Seconds(1);
        Assert.That(_owed.Current, Is.EqualTo(((int, TimeSpan)?)(3, TimeSpan.FromSeconds(6))));

        Observe(Disabling(2));
        Seconds(4);
        Observe(Disabling(4));
        Assert.That(_owed.Current!.Value.For, Is.EqualTo(TimeSpan.FromSeconds(4)), "others came, and one was done");

        Observe(new ChangePlan());
        Assert.That(_owed.Current, Is.Null);
    }

    private static ChangePlan Disabling(int count) => new() { Disables = [.. Enumerable.Range(0, count).Select(static number => new DisableDestination(1, $"sip:{number}"))] };

    private void Seconds(int seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private void Observe(ChangePlan plan) => _owed.Observe(new CycleSituation(
        new Membership(5, [], []), [], new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance("then", string.Empty), []), plan, ImmutableHashSet<EndpointKey>.Empty));
}
