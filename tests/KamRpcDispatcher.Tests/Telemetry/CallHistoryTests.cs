using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Telemetry;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>Calls are told of the half minute in which they were counted, for a quarter of an hour.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CallHistoryTests
{
    private static readonly MemberKey A = new(1, "a");

    private readonly FakeTimeProvider _time = new();
    private readonly CallHistory _history;

    public CallHistoryTests() => _history = new CallHistory(_time);

    [Test]
    public void Counts_of_one_step_are_added_and_a_step_without_any_is_not_known()
    {
        _history.Add(A, 2);
        _history.Add(A, 3);
        _time.Advance(2 * CallHistory.Step);
        _history.Add(A, 0);

        var calls = _history.Read().Single().Calls;
        Assert.That(calls, Has.Count.EqualTo(30));
        Assert.That(calls.TakeLast(4), Is.EqualTo(new long?[] { null, 5, null, 0 }));
        Assert.That(calls.SkipLast(4), Has.All.Null);
    }

    [Test]
    public void What_is_older_than_a_quarter_of_an_hour_is_forgotten()
    {
        _history.Add(A, 2);
        _time.Advance(CallHistory.Span);
        Assert.That(_history.Read(), Is.Empty);
    }

    [Test]
    public void Of_more_members_than_are_kept_nothing_is_told_until_others_have_gone()
    {
        for (var number = 0; number <= CallHistory.MostMembers; number++)
        {
            _history.Add(new MemberKey(1, $"m{number}"), 1);
        }

        Assert.That(_history.Read(), Has.Count.EqualTo(CallHistory.MostMembers));
        _time.Advance(CallHistory.Span);
        _history.Add(A, 1);
        Assert.That(_history.Read().Single().Member, Is.EqualTo(A));
    }
}
