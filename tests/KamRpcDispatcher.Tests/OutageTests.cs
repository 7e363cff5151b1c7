using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class OutageTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Outage _outage;

    public OutageTests() => _outage = new Outage(_clock);

    [Test]
    public void It_is_told_when_it_begins_when_its_reason_changes_once_a_minute_and_when_it_is_over()
    {
        Assert.That(_outage.Meet("refused"), Is.EqualTo(OutageNews.Begins));
        var told = new List<(double, OutageNews)>();
        for (var tenth = 1; tenth <= 1800; tenth++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            if (_outage.Meet(tenth < 300 ? "refused" : "no answer") is var news && news != OutageNews.None)
            {
                told.Add((tenth / 10.0, news));
            }
        }

        Assert.That(told, Is.EqualTo(new[] { (30.0, OutageNews.Changes), (90.0, OutageNews.Lasts), (150.0, OutageNews.Lasts) }));
        Assert.That((_outage.Since, _outage.Lasted), Is.EqualTo(((DateTimeOffset?)_clock.GetUtcNow() - TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(3))));
        Assert.That((_outage.End(), _outage.End(), _outage.Since), Is.EqualTo(((TimeSpan?)TimeSpan.FromMinutes(3), (TimeSpan?)null, (DateTimeOffset?)null)));
    }

    [Test]
    public void The_newest_reason_is_told_in_the_end_however_many_were_told_before()
    {
        var told = new List<string>();
        for (var second = 0; second < 70; second++)
        {
            var reason = $"line {Math.Min(second, 30)}";
            if (_outage.Meet(reason) != OutageNews.None)
            {
                told.Add(reason);
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(told, Is.EqualTo(new[] { "line 0", "line 1", "line 2", "line 3", "line 4", "line 30" }));
    }

    [Test]
    public void Reasons_that_alternate_are_told_once_each_in_a_minute()
    {
        var told = Enumerable.Range(0, 1000).Count(number => _outage.Meet(number % 2 == 0 ? "a" : "b") != OutageNews.None);
        Assert.That(told, Is.EqualTo(2));

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That((_outage.Meet("b"), _outage.Meet("a"), _outage.Meet("b")), Is.EqualTo((OutageNews.Lasts, OutageNews.Changes, OutageNews.None)));
    }

    [Test]
    public void One_that_comes_and_goes_all_the_time_is_told_a_few_times_a_minute_and_its_end_only_if_its_beginning_was()
    {
        var (begun, ended) = (0, 0);
        for (var times = 0; times < 1200; times++)
        {
            begun += _outage.Meet("refused") == OutageNews.Begins ? 1 : 0;
            ended += _outage.End() is not null ? 1 : 0;
            _clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.That((begun, ended), Is.EqualTo((LogLimit.Most, LogLimit.Most)));
        _clock.Advance(LogLimit.Interval);
        Assert.That(_outage.Meet("refused"), Is.EqualTo(OutageNews.Begins));
    }

    [Test]
    public void The_last_word_is_never_that_it_is_over_while_it_lasts()
    {
        for (var times = 0; times < 8; times++)
        {
            _outage.Meet("refused");
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            _outage.End();
            _clock.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.That(_outage.Meet("refused"), Is.EqualTo(OutageNews.None), "there were enough lines");
        _clock.Advance(Outage.Settled);
        Assert.That((_outage.Meet("refused"), _outage.Meet("refused")), Is.EqualTo((OutageNews.Begins, OutageNews.None)));
        Assert.That(_outage.End(), Is.EqualTo(Outage.Settled));
    }

    [Test]
    public void A_reason_that_comes_back_and_stays_is_told_again()
    {
        var told = new List<string>();
        for (var second = 0; second < 30; second++)
        {
            var reason = second is 3 or 4 ? "b" : "a";
            if (_outage.Meet(reason) != OutageNews.None)
            {
                told.Add($"{second} {reason}");
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(told, Is.EqualTo(new[] { "0 a", "3 b", "10 a" }));
    }

    [Test]
    public void Each_of_many_has_lines_of_its_own()
    {
        var limits = new LogLimits<string>(_clock, most: 2);

        Assert.That(Enumerable.Range(0, 10).Select(number => limits.Allows(number % 2 == 0 ? "a" : "b")).Count(static allowed => allowed), Is.EqualTo(4));
        _clock.Advance(LogLimit.Interval);
        Assert.That(limits.Allows("a"));
    }
}
