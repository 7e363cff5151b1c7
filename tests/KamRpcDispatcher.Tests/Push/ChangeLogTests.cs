using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

/// <summary>What each cycle may repeat does not fill the log.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ChangeLogTests
{
    private static readonly AddDestination Add = new(1, "sip:a", 8, 0, "duid=a");

    private readonly FakeTimeProvider _clock = new();
    private readonly LogCapture<PlanExecutor> _log = new();
    private readonly ChangeLog _changes;

    public ChangeLogTests() => _changes = new ChangeLog(_log, _clock);

    [Test]
    public void A_state_that_somebody_undoes_each_second_is_told_ten_times_a_minute_and_those_of_others_always()
    {
        for (var second = 0; second < 60; second++)
        {
            _changes.Applied(new DisableDestination(1, "sip:a"));
            _clock.Advance(TimeSpan.FromSeconds(0.9));
        }

        _changes.Applied(new DisableDestination(1, "sip:b"));
        Assert.That(_log.Of(2003).Count(static line => line.Contains("sip:a", StringComparison.Ordinal)), Is.EqualTo(10));
        Assert.That(_log.Of(2003)[^1], Does.Contain("sip:b"));
    }

    [Test]
    public void Additions_and_removals_are_always_told()
    {
        for (var times = 0; times < 50; times++)
        {
            _changes.Applied(Add);
            _changes.Applied(new RemoveDestination(1, "sip:a"));
        }

        Assert.That((_log.Of(2000).Count, _log.Of(2001).Count), Is.EqualTo((50, 50)));
    }

    [Test]
    public void A_refusal_is_told_once_a_minute_and_another_reason_at_once()
    {
        for (var second = 0; second < 90; second++)
        {
            _changes.ChangeRefused(new RemoveDestination(1, "sip:a"), "no memory");
            _changes.AddRefused(Add, "no memory", TimeSpan.FromSeconds(30));
            _changes.NotSent(Add, "no such host", TimeSpan.FromSeconds(30));
            _changes.NotListed(Add, TimeSpan.FromSeconds(30));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(new[] { 2004, 2005, 2006, 2008 }.Select(id => _log.Of(id).Count), Is.All.EqualTo(2));
        _changes.AddRefused(Add, "a bad socket", TimeSpan.FromSeconds(90));
        Assert.That(_log.Of(2004)[^1], Does.Contain("a bad socket").And.Contain("Tried again in 1m30s"));
    }
}
