using System.Collections.Immutable;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class PacedReportTests
{
    private static readonly ProxyStatus Status = new(5, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(3, 3))) { Silenced = 5 };

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Recording _written = new();
    private readonly ContactWatch _contact;
    private readonly PacedReport _report;
    private readonly LoopWatch _loop;
    private bool _isAlive = true;
    private long _awaited;

    public PacedReportTests()
    {
        _contact = new ContactWatch(_clock);
        _loop = new LoopWatch(TimeSpan.FromSeconds(3), _clock);
        _report = new PacedReport(_written, _contact, _loop, () => _isAlive, "1.2.3", _clock, isAwaited: (before, after) => before < _awaited && _awaited <= after);
    }

    [Test]
    public void The_first_status_is_written_at_once_with_who_wrote_it_when_and_whether_Kamailio_answers()
    {
        _contact.Read();
        _report.Report(Status);

        var written = _written.All.Single();
        Assert.That((written.Version, written.WrittenAt, written.Contact), Is.EqualTo(("1.2.3", _clock.GetUtcNow(), new KamailioContact(true, _clock.GetUtcNow(), null))));
    }

    [Test]
    public void Where_nobody_knows_yet_whether_Kamailio_answers_the_first_status_waits_for_that_and_not_for_long()
    {
        _report.Report(Status);
        Assert.That(_written.All, Is.Empty);

        Advance(TimeSpan.FromSeconds(3));
        Assert.That(_written.All.Single().Contact, Is.Null, "cycles fail before anybody has asked");
    }

    [Test]
    public void Acknowledgements_are_written_at_once_where_there_are_few()
    {
        _contact.Read();
        _report.Report(Status);
        _report.Report(Status with { Silenced = 6 });
        _report.Report(Status with { Silenced = 6, Revision = 6 });

        Assert.That(_written.All.Select(static written => (written.Silenced, written.Revision)), Is.EqualTo(new (long?, long)[] { (5, 5), (6, 5), (6, 6) }));
    }

    [Test]
    public void Where_there_are_many_they_are_written_together_about_once_a_second_and_the_last_one_is_not_forgotten()
    {
        _contact.Read();
        var revision = 5L;
        for (var second = 0; second < 60; second++)
        {
            for (var change = 0; change < 4; change++)
            {
                _report.Report(Status with { Revision = ++revision, Silenced = revision });
                Advance(PacedReport.PollInterval);
            }
        }

        Assert.That(_written.All, Has.Count.InRange(45, 60 + PacedReport.MostAtOnce));
        Advance(2 * PacedReport.LeastInterval);
        Assert.That(_written.All[^1].Revision, Is.EqualTo(revision));
    }

    [Test]
    public void After_a_while_without_any_the_next_ones_are_written_at_once_again()
    {
        _contact.Read();
        Exhaust();
        Advance(TimeSpan.FromSeconds(6));
        var before = _written.All.Count;
        _report.Report(Status with { Revision = 201 });

        Assert.That(_written.All, Has.Count.EqualTo(before + 1));
    }

    [Test]
    public void What_somebody_waits_for_is_written_at_once_among_many_and_what_nobody_waits_for_is_not()
    {
        _contact.Read();
        Exhaust();
        var before = _written.All.Count;
        _report.Report(Status with { Revision = 202, Silenced = 203 });
        Assert.That(_written.All, Has.Count.EqualTo(before), "nobody waits");

        // Who begins to wait when it is so already does not wait for the next change either.
        _awaited = 203;
        _report.Heed();
        Assert.That((_written.All.Count, _written.All[^1].Silenced), Is.EqualTo((before + 1, 203L)));

        _report.Report(Status with { Revision = 202, Silenced = 204 });
        Assert.That(_written.All, Has.Count.EqualTo(before + 1), "what was waited for is told");
        _report.Report(Status with { Revision = 203, Silenced = 204 });
        Assert.That((_written.All.Count, _written.All[^1].Revision), Is.EqualTo((before + 2, 203L)), "who wants it in force whole has waited for this");
    }

    [Test]
    public void That_an_operators_wish_is_in_force_is_written_at_once_for_who_waits_for_it()
    {
        _contact.Read();
        Exhaust();
        var before = _written.All.Count;
        _awaited = 300;
        _report.Report(Status with { Revision = 200, Silenced = 200, Intents = new IntentsProgress(4, 299) });
        _report.Report(Status with { Revision = 200, Silenced = 200, Intents = new IntentsProgress(4, 300) });
        _report.Report(Status with { Revision = 200, Silenced = 200, Intents = new IntentsProgress(300, 300) });
        _report.Report(Status with { Revision = 200, Silenced = 200, Intents = new IntentsProgress(300, 300), Splits = new SplitsProgress(300) });
        _report.Report(Status with { Revision = 200, Silenced = 200, Intents = new IntentsProgress(301, 301), Splits = new SplitsProgress(301) });

        Assert.That(_written.All.Skip(before).Select(static written => (written.Intents!.Silenced, written.Intents.Revision, written.Splits?.Revision)), Is.EqualTo(new (long?, long, long?)[] { (300, 4, null), (300, 300, null), (300, 300, 300) }));
    }

    [Test]
    public void That_the_proxy_itself_is_drained_is_written_at_once_and_a_revision_alone_is_not()
    {
        var wished = new ProxyIntent(4, IsDrained: false);
        var report = new PacedReport(_written, _contact, _loop, () => _isAlive, "1.2.3", _clock, () => wished);
        _contact.Read();
        report.Report(Status);
        wished = wished with { Revision = 5 };
        report.Report(Status);
        Assert.That(_written.All, Has.Count.EqualTo(1), "else it would keep the acknowledgement of a member's drain back");

        // Nothing of the loop: Kamailio may be lost.
        wished = new ProxyIntent(6, IsDrained: true) { By = "ops@host" };
        report.Poll();
        Assert.That(_written.All[^1].Intent, Is.EqualTo(wished));

        wished = new ProxyIntent(7, IsDrained: false);
        report.Report(Status);
        Assert.That((_written.All.Count, _written.All[^1].IsDrained), Is.EqualTo((3, false)));
    }

    [Test]
    public void Who_asks_gets_it_as_of_now_with_the_age_of_what_the_loop_told()
    {
        Assert.That(_report.Read(), Is.Null);
        _contact.Read();
        _report.Report(Status);
        _clock.Advance(TimeSpan.FromSeconds(7));

        var (status, age) = _report.Read()!.Value;
        Assert.That((age, status.WrittenAt, status.Loop!.For), Is.EqualTo((TimeSpan.FromSeconds(7), _clock.GetUtcNow(), TimeSpan.FromSeconds(7))));
        Assert.That(status.Contact!.Answers, Is.True);
    }

    [Test]
    public void A_list_that_flaps_is_written_once_a_second()
    {
        _contact.Read();
        for (var look = 0; look < 240; look++)
        {
            _report.Report(Status with { Sets = Status.Sets.SetItem(1, new SetStatus(3, look % 7)) });
            Advance(PacedReport.PollInterval);
        }

        Assert.That(_written.All, Has.Count.InRange(40, 61), "in a minute");
    }

    [Test]
    public void News_is_written_within_two_seconds()
    {
        _contact.Read();
        _report.Report(Status);
        _report.Report(Status with { Drift = 1 });
        var begun = _clock.GetUtcNow();
        while (_written.All[^1].Drift == 0)
        {
            Advance(PacedReport.PollInterval);
        }

        Assert.That(_clock.GetUtcNow() - begun, Is.LessThanOrEqualTo(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public void What_is_over_within_a_moment_is_not_written()
    {
        _contact.Read();
        _report.Report(Status);
        Advance(TimeSpan.FromSeconds(5));
        _report.Report(Status with { Drift = 1 });
        _report.Poll();
        _report.Report(Status);
        Advance(TimeSpan.FromSeconds(2));

        Assert.That(_written.All, Has.Count.EqualTo(1));
    }

    [Test]
    public void Without_news_it_is_written_in_its_rhythm_with_the_time_when_the_list_was_read()
    {
        _contact.Read();
        for (var second = 0; second < 60; second++)
        {
            _report.Report(Status with { AppliedAt = _clock.GetUtcNow(), Grace = new GraceStatus("x", second, 1, 1, 1, 0) });
            Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_written.All, Has.Count.EqualTo(1 + 6));
        Assert.That(_written.All.Select(static status => status.WrittenAt - status.AppliedAt), Is.All.LessThanOrEqualTo(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void Where_the_loop_does_not_come_round_nothing_is_repeated_as_if_it_were_still_so()
    {
        _contact.Read();
        _report.Report(Status);
        _isAlive = false;
        Advance(TimeSpan.FromMinutes(1));

        Assert.That(_written.All, Has.Count.EqualTo(3));
        Assert.That(_written.All.Skip(1).Select(static status => status.Hangs || status.IsListOld), Is.All.True, "what is written then says that it is not so");
    }

    [Test]
    public void That_Kamailio_is_lost_is_written_though_no_cycle_ends_and_what_is_known_of_before_keeps_its_age()
    {
        _contact.Read();
        _report.Report(Status);
        var call = _contact.Sent();
        Advance(TimeSpan.FromSeconds(3));
        Assert.That(_written.All, Has.Count.EqualTo(2));
        Assert.That((_written.All[1].Contact!.Answers, _written.All[1].AppliedAt), Is.EqualTo((false, Status.AppliedAt)));

        _contact.Answered(call);
        _contact.Read();
        _report.Poll();
        Assert.That(_written.All[^1].Contact!.Answers, "at once");
    }

    [Test]
    public void That_the_loop_hangs_is_written_within_fifteen_seconds_and_so_is_its_return()
    {
        _contact.Read();
        _loop.Enter(LoopStep.Rest, TimeSpan.FromSeconds(1));
        _report.Report(Status);
        Advance(TimeSpan.FromSeconds(15));
        Assert.That((_written.All[^1].Hangs, _written.All[^1].Loop!.Step), Is.EqualTo((true, "rest")));

        _loop.Works();
        _report.Report(Status with { AppliedAt = _clock.GetUtcNow() });
        Advance(TimeSpan.FromSeconds(2));
        Assert.That(_written.All[^1].Hangs, Is.False);
    }

    [Test]
    public void That_the_list_was_not_read_for_long_is_written_when_it_is_so_and_when_it_is_over()
    {
        _contact.Read();
        _loop.Enter(LoopStep.Grace, TimeSpan.FromMinutes(1));
        _report.Report(Status);
        Advance(TimeSpan.FromSeconds(16));
        Assert.That((_written.All[^1].IsListOld, _written.All[^1].Hangs), Is.EqualTo((true, false)));

        _loop.Works();
        _report.Report(Status with { AppliedAt = _clock.GetUtcNow() });
        Advance(TimeSpan.FromSeconds(2));
        Assert.That(_written.All[^1].IsListOld, Is.False);
    }

    [Test]
    public void A_list_that_was_read_when_Kamailio_came_back_is_not_old_before_anybody_has_made_something_of_it()
    {
        _contact.Read();
        _report.Report(Status);
        var call = _contact.Sent();
        Advance(TimeSpan.FromSeconds(40));
        _contact.Answered(call);
        _contact.Read();
        _report.Poll();

        Assert.That((_written.All[^1].Contact!.Answers, _written.All[^1].AppliedAt, _written.All[^1].IsListOld), Is.EqualTo((true, Status.AppliedAt, false)));
    }

    /// <summary>So much has happened that what follows waits its turn.</summary>
    private void Exhaust()
    {
        for (var revision = 6L; revision <= 200; revision++)
        {
            _report.Report(Status with { Revision = revision, Silenced = revision });
        }
    }

    private void Advance(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += PacedReport.PollInterval)
        {
            _clock.Advance(PacedReport.PollInterval);
            _report.Poll();
        }
    }

    private sealed class Recording : IProxyReport
    {
        public List<ProxyStatus> All { get; } = [];

        public void Report(ProxyStatus status) => All.Add(status);
    }
}
