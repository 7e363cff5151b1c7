using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Pace;
using KamRpcDispatcher.Tests.Dispatch.Shares;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Pace;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadingPaceTests
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Cost = TimeSpan.FromMilliseconds(50);

    private readonly FakeTimeProvider _clock = new();
    private readonly ReadingPace _pace;

    public ReadingPaceTests() => _pace = new ReadingPace(Resync, _clock);

    [Test]
    public void A_short_list_is_read_at_the_usual_pace_whatever_a_reading_takes()
    {
        Read(Cost, ReadingPace.Many - 1);

        Assert.That((_pace.Rest(isSettled: true), _pace.UntilVerified), Is.EqualTo((Resync, TimeSpan.Zero)));
    }

    [Test]
    public void Reading_a_long_one_takes_half_a_hundredth_of_the_time()
    {
        Read(Cost);

        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(Cost * 200));
        Assert.That(_pace.Rest(isSettled: false), Is.EqualTo(Cost * 20), "what is owed is looked after more often");
    }

    [Test]
    public void Where_a_reload_would_not_be_noticed_otherwise_it_is_read_at_the_usual_pace()
    {
        Read(Cost, isWatched: false);

        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(Resync));
    }

    [Test]
    public void It_is_read_every_half_a_minute_at_least_and_never_more_often_than_a_short_one()
    {
        Read(TimeSpan.FromSeconds(5));
        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(TimeSpan.FromSeconds(30)));

        Read(TimeSpan.FromMilliseconds(1));
        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(Resync));
    }

    [Test]
    public void One_reading_that_took_long_changes_nothing_and_two_in_a_row_do()
    {
        Read(Cost);
        Read(Cost * 3);
        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(Cost * 200));

        Read(Cost * 3);
        Assert.That(_pace.Rest(isSettled: true), Is.EqualTo(Cost * 600));
    }

    [Test]
    public void Changes_one_after_another_are_read_back_together()
    {
        Read(Cost);
        _clock.Advance(Cost * 3);
        Assert.That(_pace.UntilVerified, Is.EqualTo(Cost));

        _clock.Advance(Cost);
        Assert.That(_pace.UntilVerified, Is.EqualTo(TimeSpan.Zero));
    }

    private void Read(TimeSpan cost, int destinations = ReadingPace.Many, bool isWatched = true)
    {
        _pace.Begin();
        _clock.Advance(cost);
        _pace.End(SharedFleet.Table(1, [.. Enumerable.Repeat(new ListedDestination(1, "sip:10.0.0.1", ListedState.Active, true, 0, string.Empty), destinations)]), isWatched);
    }
}
