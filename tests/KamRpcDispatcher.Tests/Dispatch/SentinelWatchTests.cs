using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NSubstitute.Extensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SentinelWatchTests : IDisposable
{
    private const int Deadline = 10_000;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly ListedDestination Listed = new(Sentinel.Set, Sentinel.Uri, ListedState.Disabled, false, 0, "kamrpc=c");

    private readonly FakeTimeProvider _clock = new();
    private readonly IDispatcher _dispatcher = Substitute.For<IDispatcher>();
    private readonly CancellationTokenSource _stop = new();
    private readonly SentinelWatch _watch;
    private int _gone;

    public SentinelWatchTests()
    {
        _watch = new SentinelWatch(_dispatcher, Interval, _clock);
        _ = _watch.RunAsync(() => _gone++, _stop.Token);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    [Test]
    public void What_never_stood_there_is_not_missed()
    {
        Answers(false);
        _watch.Observe(Table());

        _clock.Advance(Interval);

        Assert.That(_gone, Is.Zero);
        Assert.That(_dispatcher.ReceivedCalls(), Is.Empty, "and not asked for");
    }

    [Test]
    public void Its_absence_is_told_once_until_it_stands_there_again()
    {
        _watch.Observe(Table(Listed));
        Answers(true);
        AdvanceUntilAsked();
        Assert.That(_gone, Is.Zero);

        Answers(false);
        AdvanceUntilAsked();
        Assert.That(() => _gone, Is.EqualTo(1).After(Deadline, 1));
        _clock.Advance(Interval);
        _clock.Advance(Interval);
        Assert.That(_gone, Is.EqualTo(1));

        _watch.Observe(Table(Listed));
        AdvanceUntilAsked();
        Assert.That(() => _gone, Is.EqualTo(2).After(Deadline, 1));
    }

    [Test]
    public void A_Kamailio_that_does_not_answer_is_read_at_once_and_not_asked_ten_times_a_second()
    {
        _watch.Observe(Table(Listed));
        _dispatcher.Configure().IsListedAsync(default, default!, default).ThrowsAsyncForAnyArgs(new KamailioTimeoutException("dispatcher.set_state", TimeSpan.FromSeconds(1)));
        AdvanceUntilAsked();
        Assert.That(() => _gone, Is.EqualTo(1).After(Deadline, 1));

        _dispatcher.ClearReceivedCalls();
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(Interval);
        }

        Assert.That(_dispatcher.ReceivedCalls().Count(), Is.LessThanOrEqualTo(1));
        Assert.That(_gone, Is.EqualTo(1));
        Answers(false);
        _watch.Observe(Table(Listed));
        AdvanceUntilAsked();
        Assert.That(() => _gone, Is.EqualTo(2).After(Deadline, 1), "but again when it has been read");
    }

    private static DispatcherTable Table(params ListedDestination[] entries) => new(new KamailioVersion(5, 6), new KamailioInstance("then", "a socket"), entries);

    /// <summary>The loop may not have come to its next wait yet when the clock moves: then it moves again.</summary>
    private void AdvanceUntilAsked()
    {
        _dispatcher.ClearReceivedCalls();
        Assert.That(
            () =>
            {
                _clock.Advance(Interval);
                return _dispatcher.ReceivedCalls().Count();
            },
            Is.GreaterThanOrEqualTo(1).After(Deadline, 1));
    }

    private void Answers(bool isListed) => _dispatcher.Configure().IsListedAsync(default, default!, default).ReturnsForAnyArgs(isListed);
}
