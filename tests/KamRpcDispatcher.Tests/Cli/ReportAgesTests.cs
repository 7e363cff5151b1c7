using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Etcd.Proxies;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Whether a report is old, however wrong the clocks are.</summary>
public class ReportAgesTests
{
    private readonly FakeTimeProvider _time = new(Clusters.Now);
    private ReportAges _ages = null!;
    private DateTimeOffset _written;
    private long _revision;

    [SetUp]
    public void Begin() => (_ages, _written, _revision) = (new ReportAges(_time), _time.GetUtcNow(), 50);

    [Test]
    public void One_that_was_written_lately_is_fresh_at_the_first_look()
    {
        _written = _time.GetUtcNow().AddSeconds(-9);

        Assert.That(See(), Is.EqualTo(new ReportAge(ReportFreshness.Fresh, TimeSpan.FromSeconds(9))));
    }

    [TestCase(-600)]
    [TestCase(600)]
    public void A_clock_that_is_off_makes_no_report_stale_and_is_named_when_the_next_one_comes(int offset)
    {
        _written = _time.GetUtcNow().AddSeconds(offset);
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Doubtful));
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Doubtful));

        Write(offset);

        Assert.That(See(), Is.EqualTo(new ReportAge(ReportFreshness.Fresh, TimeSpan.Zero, TimeSpan.FromSeconds(offset))));
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Fresh));
    }

    [TestCase(-600)]
    [TestCase(600)]
    public void One_that_stands_there_for_longer_than_its_rhythm_is_stale_whatever_its_clock_says(int offset)
    {
        _written = _time.GetUtcNow().AddSeconds(offset);
        See();

        _time.Advance(ReportAges.Limit + TimeSpan.FromSeconds(1));

        var age = See();
        Assert.That(age.Freshness, Is.EqualTo(ReportFreshness.Stale));
        Assert.That(age.Age, Is.GreaterThan(ReportAges.Limit));
    }

    [Test]
    public void One_that_is_not_written_any_more_is_stale_while_it_is_watched()
    {
        See();
        Write(0);
        See();

        _time.Advance(ReportAges.Limit);
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Fresh));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Stale));
        Write(0);
        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Fresh));
    }

    [Test]
    public void An_outage_of_the_store_is_nobodys_silence()
    {
        See();
        _time.Advance(TimeSpan.FromMinutes(5));
        _ages.Forget();

        Assert.That(See().Freshness, Is.EqualTo(ReportFreshness.Doubtful), "it is watched anew");
    }

    [Test]
    public void An_older_version_says_nothing()
    {
        var view = Clusters.View([], ("p1", Clusters.Report(0) with { WrittenAt = null }));
        _ages.Observe(view);

        Assert.That(_ages.Of(view.Proxies[0]).Freshness, Is.EqualTo(ReportFreshness.Unsaid));
        Assert.That(_ages.HasDoubt(view), Is.False);
    }

    private void Write(int offset) => (_written, _revision) = (_time.GetUtcNow().AddSeconds(offset), _revision + 1);

    private ReportAge See()
    {
        var view = Clusters.View([]) with { Proxies = [new ReportingProxy("p1", Clusters.Report(0) with { WrittenAt = _written }, null) { ModRevision = _revision }] };
        _ages.Observe(view);
        return _ages.Of(view.Proxies[0]);
    }
}
