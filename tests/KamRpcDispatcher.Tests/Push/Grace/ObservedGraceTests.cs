using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class ObservedGraceTests
{
    private static readonly TimeSpan Cap = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly KamailioProcess Main = new(4711, "main process - attendant");

    private GraceFigures _figures = null!;
    private IProcessView _view = null!;
    private List<KamailioProcess> _processes = null!;
    private int _listed;

    [SetUp]
    public void SetUp()
    {
        _listed = 0;
        _figures = new GraceFigures();
        _processes = [Main];
        _view = Substitute.For<IProcessView>();
        _view.Name.Returns("view");
        _view.Check(default!).ReturnsForAnyArgs((string?)null);
        _view.ActivityOf(default!).ReturnsForAnyArgs(ProcessActivity.AtRest);
    }

    [Test]
    public async Task Nothing_is_waited_for_where_nothing_was_changed()
    {
        Assert.That(await Grace().WaitAsync(CancellationToken.None));
        Assert.That(_listed, Is.Zero);
    }

    [Test]
    public async Task It_ends_when_every_process_was_seen_at_rest_once()
    {
        var activities = new Queue<ProcessActivity>([ProcessActivity.Busy, ProcessActivity.Busy, ProcessActivity.AtRest]);
        _view.ActivityOf(Main).Returns(_ => activities.Dequeue());
        var grace = Grace();
        grace.Begin();

        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));
        Assert.That(activities, Is.Empty);
        Assert.That(_figures.Read("observed").Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_was_seen_at_rest_is_not_looked_at_again_in_the_same_period()
    {
        var grace = Grace();
        for (var period = 1; period <= 2; period++)
        {
            grace.Begin();
            await grace.WaitAsync(CancellationToken.None);
            await grace.WaitAsync(CancellationToken.None);
            Assert.That(_listed, Is.EqualTo(1), "a Kamailio starts all its processes when it starts");
        }

        _view.Received(2).ActivityOf(Main);
    }

    [Test]
    public async Task When_a_process_is_gone_those_of_the_next_Kamailio_are_to_be_seen()
    {
        var next = new KamailioProcess(4712, "main process - attendant");
        var grace = Grace();
        grace.Begin();
        await grace.WaitAsync(CancellationToken.None);
        var activities = new Queue<ProcessActivity>([ProcessActivity.Busy, ProcessActivity.AtRest]);
        _processes = [next];
        _view.ActivityOf(Main).Returns(ProcessActivity.Gone);
        _view.ActivityOf(next).Returns(_ => activities.Dequeue());

        grace.Begin();
        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));

        Assert.That(activities, Is.Empty);
        Assert.That(_listed, Is.EqualTo(2));
    }

    [Test]
    public async Task While_Kamailio_still_starts_processes_each_period_asks_anew()
    {
        _processes = [new KamailioProcess(4711, "main")];
        var grace = Grace();
        for (var period = 1; period <= 2; period++)
        {
            grace.Begin();
            await grace.WaitAsync(CancellationToken.None);
            Assert.That(_listed, Is.EqualTo(period));
        }
    }

    [Test]
    public async Task One_that_does_not_end_within_its_cap_leaves_the_change_pending_and_goes_on()
    {
        _view.ActivityOf(Main).Returns(ProcessActivity.Busy);
        var grace = Grace();
        grace.Begin();

        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline), Is.False);
        Assert.That(_figures.Read("observed").Timeouts, Is.EqualTo(1));

        _view.ActivityOf(Main).Returns(ProcessActivity.AtRest);
        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));
    }

    [Test]
    public async Task A_wait_that_is_given_up_keeps_what_it_has_seen()
    {
        _view.ActivityOf(Main).Returns(ProcessActivity.Busy);
        var grace = Grace(cap: Deadline);
        grace.Begin();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        await Assert.ThatAsync(() => grace.WaitAsync(cancellation.Token).AsTask(), Throws.InstanceOf<OperationCanceledException>());

        _view.ActivityOf(Main).Returns(ProcessActivity.AtRest);
        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));
        Assert.That(_listed, Is.EqualTo(1));
    }

    [Test]
    public async Task Where_no_view_sees_anything_there_is_a_fixed_gap()
    {
        _view.Check(default!).ReturnsForAnyArgs("it is hidden");
        var grace = Grace(gap: TimeSpan.FromMilliseconds(50));
        grace.Begin();
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();

        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));

        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.GreaterThan(TimeSpan.FromMilliseconds(40)));
        Assert.That(grace.Mode, Is.EqualTo("fixed gap of 50ms"));
        _view.DidNotReceiveWithAnyArgs().ActivityOf(default!);
    }

    [Test]
    public async Task The_first_view_that_sees_is_taken()
    {
        var blind = Substitute.For<IProcessView>();
        blind.Check(default!).ReturnsForAnyArgs("it is hidden");
        var grace = Grace(views: [blind, _view]);
        grace.Begin();

        await grace.WaitAsync(CancellationToken.None);

        Assert.That(grace.Mode, Is.EqualTo("observed (view)"));
    }

    [Test]
    public async Task Processes_of_somebody_else_are_not_taken_for_Kamailios()
    {
        var grace = Grace(identify: static _ => "they are not here");
        grace.Begin();

        await grace.WaitAsync(CancellationToken.None);

        Assert.That(grace.Mode, Does.StartWith("fixed gap"));
    }

    [Test]
    public async Task A_Kamailio_that_is_still_starting_is_asked_again_before_the_gap_is_resorted_to()
    {
        var answers = new Queue<string?>(["a process is not here yet", "a process is not here yet", null]);
        _processes = [new KamailioProcess(4711, "main")];
        var grace = Grace(gap: Deadline, identify: _ => answers.Dequeue());
        grace.Begin();

        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline / 2));

        Assert.That(grace.Mode, Is.EqualTo("observed (view)"));
        Assert.That(_listed, Is.EqualTo(3));
    }

    [Test]
    public async Task One_that_never_shows_its_processes_is_not_asked_for_longer_than_the_gap()
    {
        _processes = [new KamailioProcess(4711, "main")];
        var grace = Grace(gap: TimeSpan.FromMilliseconds(50), identify: static _ => "they are not here");
        grace.Begin();

        Assert.That(await grace.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Deadline));

        Assert.That(grace.Mode, Is.EqualTo("fixed gap of 50ms"));
    }

    private ObservedGrace Grace(TimeSpan? gap = null, TimeSpan? cap = null, IReadOnlyList<IProcessView>? views = null, Func<IReadOnlyList<KamailioProcess>, string?>? identify = null) => new(
        new ProcessSurvey(
            _ =>
            {
                _listed++;
                return Task.FromResult<IReadOnlyList<KamailioProcess>>(_processes);
            },
            identify ?? (static _ => null),
            views ?? [_view],
            TimeProvider.System),
        Substitute.For<IProcessMovement>(),
        new GraceOptions { Gap = gap ?? TimeSpan.FromMilliseconds(1), Cap = cap ?? Cap },
        _figures,
        TimeProvider.System,
        NullLogger<ObservedGrace>.Instance);
}
