using System.Collections.Concurrent;
using System.Diagnostics;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class PlanExecutorTests
{
    private static readonly Task Never = new TaskCompletionSource().Task;
    private static readonly AddDestination AddA = new(1, "sip:a", 8, 1, "duid=a;kamrpc=c");
    private static readonly AddDestination AddB = new(1, "sip:b", 8, 2, "duid=b;kamrpc=c");
    private static readonly DisableDestination DisableOld = new(1, "sip:old");
    private static readonly RemoveDestination RemoveOld = new(1, "sip:old");
    private static readonly EnableDestination EnableBack = new(1, "sip:back");

    private static readonly Replacement ReplaceA = Replacing("a");
    private static readonly Replacement ReplaceB = Replacing("b");

    private readonly ConcurrentQueue<object> _calls = [];
    private readonly GuardStub _guard = new();
    private IDispatcher _dispatcher = null!;
    private GraceGate _grace = null!;
    private Quarantine _quarantine = null!;
    private PlanExecutor _executor = null!;

    [SetUp]
    public void SetUp()
    {
        _calls.Clear();
        _guard.Objections.Clear();
        _guard.Delay = null;
        _dispatcher = Substitute.For<IDispatcher>();
        _dispatcher.ApplyAsync(default!, default, default).ReturnsForAnyArgs(call =>
        {
            _calls.Enqueue(call.Arg<Change>());
            return Task.CompletedTask;
        });
        _grace = new GraceGate(_calls);
        _quarantine = new Quarantine(new FakeTimeProvider());
        _executor = new PlanExecutor(_dispatcher, _grace, _quarantine, [_guard], NullLogger<PlanExecutor>.Instance);
    }

    [Test]
    public async Task A_grace_period_follows_each_structural_change_and_no_state_change()
    {
        _grace.Open();

        await PushAsync([EnableBack, AddA, RemoveOld], Listed("sip:old"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", EnableBack, AddA, "begin", RemoveOld, "begin" }));
    }

    [Test]
    public async Task Two_structural_changes_are_never_made_in_one_grace_period()
    {
        var push = PushAsync([AddA, AddB], []);
        Assert.That(_calls, Is.EqualTo(new object[] { "begin" }), "nothing is known of what was before");

        await _grace.EndAsync(callsThen: 3);
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", AddA, "begin" }));

        await _grace.EndAsync(callsThen: 5);
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", AddA, "begin", AddB, "begin" }));
        Assert.That((await push).Applied, Is.EqualTo(2));
    }

    [Test]
    public async Task A_disable_does_not_sit_out_the_grace_periods_of_adds()
    {
        await PushAsync([AddA, AddB, DisableOld], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld }), "and is read back first");
    }

    [Test]
    public async Task There_is_progress_where_somebody_is_to_be_silenced_in_every_plan()
    {
        _grace.Open();
        for (var i = 0; i < 4; i++)
        {
            await PushAsync([AddA, DisableOld], Listed("sip:old", "sip:other"));
        }

        Assert.That(_calls.Count(static call => call is AddDestination), Is.EqualTo(2), "every other one is read back first");
    }

    [Test]
    public async Task A_disable_waits_for_the_add_without_which_its_set_would_be_empty()
    {
        var push = PushAsync([AddA, AddB, DisableOld], Listed("sip:old"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin" }));
        await _grace.EndAsync(callsThen: 4);
        await push;
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", AddA, "begin", DisableOld }), "and that is read back before the next add");
    }

    [Test]
    public async Task Of_several_disables_one_waits_when_together_they_would_empty_the_set()
    {
        var other = new DisableDestination(1, "sip:other");
        var outcome = await PushAsync([AddA, DisableOld, other], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld }));
        Assert.That(outcome.Deferred, Is.EqualTo(new[] { other }));
        var push = PushAsync([AddA, other], Listed("sip:other"));
        await _grace.EndAsync(callsThen: 5);
        await push;
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld, AddA, "begin", other }));
    }

    [Test]
    public async Task A_newer_plan_ends_the_wait_but_not_before_the_state_changes_are_made()
    {
        var outcome = await PushAsync([EnableBack, AddA, DisableOld, RemoveOld], Listed("sip:old", "sip:other"), interrupted: Task.CompletedTask);

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", EnableBack, DisableOld }));
        Assert.That(outcome.Applied, Is.EqualTo(2));
    }

    [Test]
    public async Task A_structural_change_whose_time_has_come_is_made_however_many_plans_follow()
    {
        _grace.Open();

        await PushAsync([AddA], [], interrupted: Task.CompletedTask);

        Assert.That(_calls, Does.Contain(AddA));
    }

    [Test]
    public async Task While_Kamailio_takes_no_structural_change_state_changes_go_on()
    {
        _grace.Open();
        _dispatcher.ApplyAsync(AddA, default, default).ThrowsAsyncForAnyArgs(call =>
            call.Arg<Change>().IsStructural ? new DispatcherBusyException(new KamailioFaultException("dispatcher.add", 500, "Ongoing reload")) : null!);
        _dispatcher.ApplyAsync(Arg.Is<Change>(static change => !change.IsStructural), Arg.Any<KamailioVersion>(), Arg.Any<CancellationToken>()).Returns(call =>
        {
            _calls.Enqueue(call.Arg<Change>());
            return Task.CompletedTask;
        });

        Assert.That((await PushAsync([AddA, RemoveOld], Listed("sip:old", "sip:other"))).IsBusy);
        await PushAsync([AddA, DisableOld, RemoveOld], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Does.Contain(DisableOld));
        Assert.That(_calls, Does.Not.Contain(RemoveOld));
    }

    [Test]
    public async Task A_refused_destination_is_quarantined_and_the_rest_goes_on()
    {
        _grace.Open();
        _dispatcher.ApplyAsync(AddA, Arg.Any<KamailioVersion>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioFaultException("dispatcher.add", 500, "Adding dispatcher dst failed"));

        var outcome = await PushAsync([AddA, AddB], []);

        Assert.Multiple(() =>
        {
            Assert.That((outcome.Applied, outcome.IsBusy, outcome.Refused), Is.EqualTo((1, false, 1)));
            Assert.That(_quarantine.Holds(AddA));
            Assert.That(_calls, Does.Contain(AddB));
        });
    }

    [Test]
    public async Task An_Ok_that_the_list_does_not_bear_out_is_a_refusal()
    {
        _grace.Open();
        _executor.Verify(Table(Listed("sip:old")));
        await PushAsync([AddA, AddB, RemoveOld], Listed("sip:old"));

        _executor.Verify(Table(Listed("sip:b")));

        Assert.That(_quarantine.Holds(AddA));
        Assert.That(_quarantine.Holds(AddB), Is.False);
    }

    [Test]
    public async Task After_a_change_of_unknown_outcome_a_grace_period_begins_anew()
    {
        _grace.Open();
        await PushAsync([], []);
        _dispatcher.ApplyAsync(AddA, Arg.Any<KamailioVersion>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioTimeoutException("dispatcher.add", TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAsync<KamailioTimeoutException>(() => PushAsync([AddA], []));
        _calls.Clear();

        await PushAsync([AddB], []);
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", AddB, "begin" }));

        _calls.Clear();
        await PushAsync([AddB], []);
        Assert.That(_calls, Is.EqualTo(new object[] { AddB, "begin" }), "and only then");
    }

    [Test]
    public void After_a_reload_of_somebody_elses_a_grace_period_begins()
    {
        _executor.Verify(Table(Listed("sip:a", "sip:b")));

        _executor.Verify(Table([.. Listed("sip:a", "sip:b").Select(static entry => entry with { State = ListedState.Inactive })]));
        Assert.That(_calls, Is.Empty, "Kamailio's verdicts replace no table");

        _executor.Verify(Table([]));
        Assert.That(_calls, Is.EqualTo(new object[] { "begin" }));

        _executor.Verify(Table([]));
        Assert.That(_calls, Has.Count.EqualTo(1), "once");
    }

    [Test]
    public async Task What_went_with_a_reload_of_somebody_elses_is_no_refusal()
    {
        _grace.Open();
        _executor.Verify(Table(Listed("sip:old")));
        await PushAsync([AddA], Listed("sip:old"));

        _executor.Verify(Table([]));

        Assert.That(_quarantine.Holds(AddA), Is.False, "what was there before is gone as well");
    }

    [Test]
    public async Task What_went_with_a_Kamailio_of_the_same_second_is_no_refusal()
    {
        _grace.Open();
        _executor.Verify(Table([]));
        await PushAsync([AddA], []);

        _executor.Verify(Table([]) with { Instance = new KamailioInstance("now", "another socket") });

        Assert.That(_quarantine.Holds(AddA), Is.False);
    }

    [Test]
    public void After_a_restart_there_is_nothing_to_wait_for()
    {
        _executor.Verify(Table(Listed("sip:a")));

        _executor.Verify(Table([]) with { Instance = new KamailioInstance("now", "another socket") });

        Assert.That(_calls, Is.Empty);
    }

    [Test]
    public async Task A_replacement_is_added_before_the_old_one_goes_and_nothing_waits_between_their_states()
    {
        var push = PushAsync(new ChangePlan { Replacements = [ReplaceA] }, Listed("sip:a"));
        await _grace.EndAsync(callsThen: 5);

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", ReplaceA.Add, "begin", ReplaceA.Enable!, ReplaceA.Disables[0] }));
        await _grace.EndAsync(callsThen: 7);
        await push;
        Assert.That(_calls.Skip(5), Is.EqualTo(new object[] { ReplaceA.Removes[0], "begin" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_replacement_that_is_refused_leaves_the_old_one_and_takes_nobody_else_away(bool isSaid)
    {
        // With ds_load_mode 0 Kamailio says "Ok", and knows nothing of it at the next call.
        _grace.Open();
        Change refused = isSaid ? ReplaceA.Add : ReplaceA.Enable!;
        _dispatcher.ApplyAsync(refused, Arg.Any<KamailioVersion>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioFaultException("dispatcher", 500, "failed"));

        await PushAsync(new ChangePlan { Replacements = [ReplaceA, ReplaceB], Removes = [RemoveOld] }, Listed("sip:a", "sip:b"));

        Assert.That(_calls.OfType<DisableDestination>(), Is.Empty);
        Assert.That(_calls.OfType<RemoveDestination>(), Is.Empty);
        Assert.That(_quarantine.Holds(ReplaceA.Add));
    }

    [Test]
    public async Task What_speaks_against_every_structural_change_leaves_the_state_changes()
    {
        _grace.Open();
        _guard.Objections[AddA] = new Objection(ObjectionScope.Structure, "memory", "short");

        await PushAsync([EnableBack, AddA, DisableOld, RemoveOld], Listed("sip:old", "sip:other"));
        var outcome = await PushAsync([AddA, RemoveOld], Listed("sip:back", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", EnableBack, DisableOld }));
        Assert.That(outcome.Objections.Single().Kind, Is.EqualTo("memory"));
    }

    [Test]
    public async Task What_speaks_against_additions_leaves_the_removals()
    {
        _grace.Open();
        _guard.Objections[AddA] = _guard.Objections[AddB] = new Objection(ObjectionScope.Additions, "room", "full");

        var outcome = await PushAsync([AddA, AddB, RemoveOld], Listed("sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", RemoveOld, "begin" }));
        Assert.That(outcome.Objections, Has.Length.EqualTo(1), "said once");
        Assert.That(_quarantine.Holds(AddA), Is.False, "it is nobody's fault but the list's");
    }

    [Test]
    public async Task What_would_be_refused_is_not_sent_and_waits()
    {
        _grace.Open();
        _guard.Objections[AddA] = new Objection(ObjectionScope.Change, "name", "does not resolve");

        await PushAsync([AddA, AddB], []);

        Assert.That(_calls, Does.Not.Contain(AddA));
        Assert.That(_calls, Does.Contain(AddB));
        Assert.That(_quarantine.Holds(AddA));
    }

    [Test]
    public async Task A_disable_that_would_leave_nobody_is_told_when_the_add_before_it_cannot_be_made()
    {
        _guard.Objections[AddA] = new Objection(ObjectionScope.Structure, "memory", "short");

        var outcome = await PushAsync([AddA, DisableOld], Listed("sip:old"));

        Assert.That(outcome.Deferred, Is.EqualTo(new[] { DisableOld }));
    }

    [Test]
    public async Task A_wait_that_is_given_up_is_over_before_anything_else_is_done()
    {
        _dispatcher.ApplyAsync(DisableOld, Arg.Any<KamailioVersion>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioTimeoutException("dispatcher.set_state", TimeSpan.FromSeconds(1)));

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => PushAsync([AddA, DisableOld], Listed("sip:old", "sip:other")));

        Assert.That(_grace.Waits, Is.Zero);
    }

    [Test]
    public async Task What_was_changed_is_told_once_and_not_after_a_reload_of_somebody_elses()
    {
        _grace.Open();
        _executor.Verify(Table(Listed("sip:old")));
        await PushAsync([AddA], Listed("sip:old"));
        _executor.Reading();
        await PushAsync([AddB], Listed("sip:old"));
        Assert.That(_executor.TakeMade(), Is.EqualTo(new Change[] { AddA }), "what is made while it is read need not be in it");
        Assert.That(_executor.TakeMade(), Is.Empty);
        _executor.Reading();
        Assert.That(_executor.TakeMade(), Is.EqualTo(new Change[] { AddB }));

        await PushAsync([AddA], Listed("sip:old"));
        _executor.Reading();
        _executor.Verify(Table([]));
        Assert.That(_executor.TakeMade(), Is.Empty);
    }

    private static Replacement Replacing(string name) => new(
        new AddDestination(1, $"sip:{name};kamrpc", 12, 1, $"duid={name};kamrpc=c;weight=5"),
        new EnableDestination(1, $"sip:{name};kamrpc"),
        [new DisableDestination(1, $"sip:{name}")],
        [new RemoveDestination(1, $"sip:{name}")]);

    [Test]
    public async Task A_disable_does_not_wait_for_a_guard_that_waits_for_others()
    {
        _grace.Open();
        _guard.Delay = new TaskCompletionSource();

        await PushAsync([AddA, DisableOld], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld }));
    }

    [Test]
    public async Task A_newer_plan_ends_the_wait_for_a_guard()
    {
        _grace.Open();
        _guard.Delay = new TaskCompletionSource();
        var interrupted = new TaskCompletionSource();

        var push = PushAsync([AddA], Listed("sip:old"), interrupted.Task);
        Assert.That(push.IsCompleted, Is.False);
        interrupted.SetResult();

        Assert.That((await push).Applied, Is.Zero);
        Assert.That(_calls, Has.None.EqualTo(AddA));
    }

    [Test]
    public async Task Guards_judge_by_who_still_takes_calls_when_the_plan_is_done()
    {
        _grace.Open();

        await PushAsync([AddA, DisableOld], Listed("sip:old"));

        Assert.That(_guard.Seen!.Destinations.Where(static entry => entry.IsRoutable), Is.Empty, "what is disabled after the add does not count");
    }

    [Test]
    public async Task What_others_lost_is_put_back_after_the_newcomers_and_those_it_was_sent_for_are_told()
    {
        _grace.Open();
        var restore = new AddDestination(2, "sip:gw.test", 0, 7, "duid=carrier");
        var held = restore with { Uri = "sip:other.test" };
        _guard.Objections[held] = new Objection(ObjectionScope.Change, "name", "does not resolve");

        var outcome = await PushAsync(new ChangePlan { Adds = [AddA], Restores = [held, restore], Removes = [RemoveOld] }, Listed("sip:old", "sip:x"));

        Assert.That(_calls.Where(static call => call is not "begin"), Is.EqualTo(new object[] { AddA, restore, RemoveOld }));
        Assert.That(outcome.Restored, Is.EqualTo(new[] { restore }));
        Assert.That(_quarantine.Holds(held), Is.False);
    }

    [Test]
    public async Task A_name_that_a_rebuild_of_ours_took_away_is_no_reload()
    {
        _grace.Open();
        List<ListedDestination> before = [.. Listed("sip:old"), new(2, "sip:gw.test", ListedState.Active, false, 7, "duid=carrier")];
        _executor.Verify(Table(before));
        await PushAsync([AddA], before);

        _executor.Reading();
        var result = _executor.Verify(Table(Listed("sip:old", "sip:a")));

        Assert.Multiple(() =>
        {
            Assert.That(result.IsWiped, Is.False);
            Assert.That(result.HasRebuilt);
            Assert.That(result.Vanished, Is.EqualTo(new[] { new VanishedDestination(2, "sip:gw.test", "duid=carrier") }));
            Assert.That(_executor.TakeMade(), Is.EqualTo(new[] { AddA }));
        });
        Assert.That(_executor.Verify(Table([])).IsWiped, "Nothing was changed meanwhile.");
    }

    private static List<ListedDestination> Listed(params string[] uris) =>
        [.. uris.Select(static uri => new ListedDestination(1, uri, ListedState.Active, true, 0, "kamrpc=c"))];

    private static DispatcherTable Table(List<ListedDestination> listed) => new(new KamailioVersion(5, 6), new KamailioInstance("now", "a socket"), listed);

    private Task<PushOutcome> PushAsync(Change[] changes, List<ListedDestination> listed, Task? interrupted = null) =>
        PushAsync(
            new ChangePlan
            {
                Enables = [.. changes.OfType<EnableDestination>()],
                Adds = [.. changes.OfType<AddDestination>()],
                Disables = [.. changes.OfType<DisableDestination>()],
                Removes = [.. changes.OfType<RemoveDestination>()],
            },
            listed,
            interrupted);

    private Task<PushOutcome> PushAsync(ChangePlan plan, List<ListedDestination> listed, Task? interrupted = null) =>
        _executor.ExecuteAsync(plan, Table(listed), interrupted ?? Never, CancellationToken.None);

    private sealed class GuardStub : IChangeGuard
    {
        public Dictionary<Change, Objection> Objections { get; } = [];

        /// <summary>What it waits for.</summary>
        public TaskCompletionSource? Delay { get; set; }

        /// <summary>The last table that it was given.</summary>
        public DispatcherTable? Seen { get; private set; }

        public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
        {
            Seen = table;
            await (Delay?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
            return Objections.GetValueOrDefault(change);
        }
    }

    /// <summary>A grace period that ends when the test says so.</summary>
    private sealed class GraceGate(ConcurrentQueue<object> calls) : IGracePeriod
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

        private volatile TaskCompletionSource? _running;
        private bool _isOpen;

        public string Mode => "as the test says";

        /// <summary>How many wait now.</summary>
        public int Waits { get; private set; }

        public void Open() => _isOpen = true;

        public void Begin()
        {
            _running = _isOpen ? null : new TaskCompletionSource();
            calls.Enqueue("begin");
        }

        public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
        {
            Waits++;
            try
            {
                await (_running?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
                return true;
            }
            finally
            {
                Waits--;
            }
        }

        /// <summary>Ends the running grace period, and waits until so many calls were made in all: what follows without another wait.</summary>
        public async Task EndAsync(int callsThen)
        {
            _running!.SetResult();
            var begun = Stopwatch.GetTimestamp();
            while (calls.Count < callsThen)
            {
                Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline));
                await Task.Yield();
            }
        }
    }
}
