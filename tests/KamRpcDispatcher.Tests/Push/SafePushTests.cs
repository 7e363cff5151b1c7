using System.Collections.Concurrent;
using System.Diagnostics;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class SafePushTests
{
    private static readonly Task Never = new TaskCompletionSource().Task;
    private static readonly AddDestination AddA = new(1, "sip:a", 8, 1, "duid=a;kamrpc=c");
    private static readonly AddDestination AddB = new(1, "sip:b", 8, 2, "duid=b;kamrpc=c");
    private static readonly DisableDestination DisableOld = new(1, "sip:old");
    private static readonly RemoveDestination RemoveOld = new(1, "sip:old");
    private static readonly EnableDestination EnableBack = new(1, "sip:back", false);

    private readonly ConcurrentQueue<object> _calls = [];
    private IDispatcher _dispatcher = null!;
    private GraceGate _grace = null!;
    private Quarantine _quarantine = null!;
    private SafePush _push = null!;

    [SetUp]
    public void SetUp()
    {
        _calls.Clear();
        _dispatcher = Substitute.For<IDispatcher>();
        _dispatcher.ApplyAsync(default!, default, default).ReturnsForAnyArgs(call =>
        {
            _calls.Enqueue(call.Arg<Change>());
            return Task.CompletedTask;
        });
        _grace = new GraceGate(_calls);
        _quarantine = new Quarantine(new FakeTimeProvider());
        _push = new SafePush(_dispatcher, _grace, _quarantine, NullLogger<SafePush>.Instance);
    }

    [Test]
    public async Task A_grace_period_follows_each_structural_change_and_no_state_change()
    {
        _grace.Open();

        await PushAsync([EnableBack, AddA, DisableOld, RemoveOld], Listed("sip:old"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", EnableBack, AddA, "begin", DisableOld, RemoveOld, "begin" }));
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
        var push = PushAsync([AddA, AddB, DisableOld], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld }));
        await _grace.EndAsync(callsThen: 4);
        await _grace.EndAsync(callsThen: 6);
        await push;
    }

    [Test]
    public async Task A_disable_waits_for_the_add_without_which_its_set_would_be_empty()
    {
        var push = PushAsync([AddA, AddB, DisableOld], Listed("sip:old"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin" }));
        await _grace.EndAsync(callsThen: 4);
        Assert.That(_calls, Is.EqualTo(new object[] { "begin", AddA, "begin", DisableOld }));
        await _grace.EndAsync(callsThen: 6);
        await push;
    }

    [Test]
    public async Task Of_several_disables_one_waits_when_together_they_would_empty_the_set()
    {
        var other = new DisableDestination(1, "sip:other");
        var push = PushAsync([AddA, DisableOld, other], Listed("sip:old", "sip:other"));

        Assert.That(_calls, Is.EqualTo(new object[] { "begin", DisableOld }));
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

        var outcome = await PushAsync([AddA, DisableOld, RemoveOld], Listed("sip:old", "sip:other"));

        Assert.That(outcome.IsBusy);
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
            Assert.That(outcome, Is.EqualTo(new PushOutcome(1, false, 1)));
            Assert.That(_quarantine.Holds(AddA));
            Assert.That(_calls, Does.Contain(AddB));
        });
    }

    [Test]
    public async Task An_Ok_that_the_list_does_not_bear_out_is_a_refusal()
    {
        _grace.Open();
        _push.Verify(Table(Listed("sip:old")));
        await PushAsync([AddA, AddB, RemoveOld], Listed("sip:old"));

        _push.Verify(Table(Listed("sip:b")));

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
        _push.Verify(Table(Listed("sip:a", "sip:b")));

        _push.Verify(Table([.. Listed("sip:a", "sip:b").Select(static entry => entry with { State = ListedState.Inactive })]));
        Assert.That(_calls, Is.Empty, "Kamailio's verdicts replace no table");

        _push.Verify(Table([]));
        Assert.That(_calls, Is.EqualTo(new object[] { "begin" }));

        _push.Verify(Table([]));
        Assert.That(_calls, Has.Count.EqualTo(1), "once");
    }

    [Test]
    public async Task What_went_with_a_reload_of_somebody_elses_is_no_refusal()
    {
        _grace.Open();
        _push.Verify(Table(Listed("sip:old")));
        await PushAsync([AddA], Listed("sip:old"));

        _push.Verify(Table([]));

        Assert.That(_quarantine.Holds(AddA), Is.False, "what was there before is gone as well");
    }

    [Test]
    public async Task What_went_with_a_Kamailio_of_the_same_second_is_no_refusal()
    {
        _grace.Open();
        _push.Verify(Table([]));
        await PushAsync([AddA], []);

        _push.Verify(Table([]) with { Life = new KamailioLife("now", "another socket") });

        Assert.That(_quarantine.Holds(AddA), Is.False);
    }

    [Test]
    public void After_a_restart_there_is_nothing_to_wait_for()
    {
        _push.Verify(Table(Listed("sip:a")));

        _push.Verify(Table([]) with { Life = new KamailioLife("now", "another socket") });

        Assert.That(_calls, Is.Empty);
    }

    private static List<ListedDestination> Listed(params string[] uris) =>
        [.. uris.Select(static uri => new ListedDestination(1, uri, ListedState.Active, true, 0, "kamrpc=c"))];

    private static DispatcherTable Table(List<ListedDestination> listed) => new(new KamailioVersion(5, 6), new KamailioLife("now", "a socket"), listed);

    private Task<PushOutcome> PushAsync(Change[] changes, List<ListedDestination> listed, Task? interrupted = null) =>
        _push.PushAsync(new ChangePlan(changes, []), Table(listed), interrupted ?? Never, CancellationToken.None);

    /// <summary>A grace period that ends when the test says so.</summary>
    private sealed class GraceGate(ConcurrentQueue<object> calls) : IGracePeriod
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

        private volatile TaskCompletionSource? _running;
        private bool _isOpen;

        public string Mode => "as the test says";

        public void Open() => _isOpen = true;

        public void Begin()
        {
            _running = _isOpen ? null : new TaskCompletionSource();
            calls.Enqueue("begin");
        }

        public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
        {
            await (_running?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
            return true;
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
