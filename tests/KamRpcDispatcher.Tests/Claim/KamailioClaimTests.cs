using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Claim;

/// <summary>The mark in Kamailio. The clock stands still but for where the test moves it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KamailioClaimTests : IAsyncDisposable
{
    private const int TakenOver = 2202;
    private const int NoTable = 2203;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly MarkedKamailio _kamailio = new();
    private readonly LogCapture<KamailioClaim> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <summary>What waits for the clock goes on where the clock is moved, not elsewhere and a little later.</summary>
    public KamailioClaimTests() => SynchronizationContext.SetSynchronizationContext(null);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Test]
    public void The_first_has_it_within_the_wait_of_a_newcomer()
    {
        var first = New("first");
        Pass(first.EnsureAsync(default), ClaimTimes.NewcomerWait);

        Assert.That(_kamailio.Mark, Does.EndWith(" first"));
        Assert.That(first.ConfirmAsync(default).IsCompletedSuccessfully);
    }

    [Test]
    public void The_second_is_refused_and_told_who_the_first_is()
    {
        Live("p1 (PID 4711) on host h for cluster c");

        var taken = Assert.Throws<ProxyTakenException>(() => Pass(New("p2").EnsureAsync(default), TimeSpan.FromSeconds(2)));
        Assert.That(taken.Message, Does.Contain("p1 (PID 4711) on host h for cluster c"));
        Assert.That(_kamailio.Mark, Does.Contain("p1"));
    }

    [Test]
    public async Task A_clean_stop_gives_it_back_so_that_a_successor_need_not_wait()
    {
        var first = Live("first");
        await _stop.CancelAsync();
        await first.DisposeAsync();
        Assert.That(_kamailio.Items, Is.Empty);

        Pass(New("second").EnsureAsync(default), ClaimTimes.NewcomerWait);
    }

    [Test]
    public void The_mark_of_one_that_gives_no_sign_of_life_is_taken_over_after_three_seconds()
    {
        _kamailio.Items["claim"] = "0123 elsewhere 4711 first";
        _kamailio.Items["beat:0123"] = "7";
        var second = New("second").EnsureAsync(default);

        Let(TimeSpan.FromSeconds(2.9));
        Assert.That(_kamailio.Mark, Does.EndWith("first"));
        Pass(second, TimeSpan.FromSeconds(0.5));

        Assert.That(_kamailio.Mark, Does.EndWith("second"));
        Assert.That(_log.Of(TakenOver).Single(), Does.Contain("first"));
        Assert.That(_kamailio.Items.Keys, Does.Not.Contain("beat:0123"), "nothing of it stays");
    }

    [Test]
    public void The_mark_of_a_process_of_this_machine_that_has_ended_is_taken_over_at_once()
    {
        // More than any kernel gives.
        _kamailio.Items["claim"] = $"0123 {KamRpcDispatcher.Linux.Machine.Place} {int.MaxValue} first";

        Pass(New("second").EnsureAsync(default), ClaimTimes.NewcomerWait);
        Assert.That(_kamailio.Mark, Does.EndWith("second"));
    }

    [Test]
    public void What_is_no_mark_of_ours_is_no_reason_to_stay_away_for_ever()
    {
        _kamailio.Items["claim"] = "4711";

        Pass(New("second").EnsureAsync(default), TimeSpan.FromSeconds(3.5));
        Assert.That(_kamailio.Mark, Does.EndWith("second"));
    }

    [Test]
    public void While_Kamailio_does_not_answer_nobody_is_declared_dead()
    {
        _kamailio.Items["claim"] = "0123 elsewhere 4711 first";
        var second = New("second");
        var ensuring = second.EnsureAsync(default);
        Let(TimeSpan.FromSeconds(2.6));
        _kamailio.IsAway = true;
        Assert.Throws<KamailioTimeoutException>(() => Pass(ensuring, TimeSpan.FromSeconds(1)));
        _kamailio.IsAway = false;
        ensuring = second.EnsureAsync(default);

        Let(TimeSpan.FromSeconds(2.9));

        Assert.That(_kamailio.Mark, Does.EndWith("first"));
        Assert.That(ensuring.IsCompleted, Is.False);
        Pass(ensuring, TimeSpan.FromSeconds(1));
    }

    [Test]
    public async Task A_holder_that_was_stopped_and_followed_makes_no_structural_change_when_it_wakes()
    {
        var sleeper = New("sleeper");
        Pass(sleeper.EnsureAsync(default), ClaimTimes.NewcomerWait);
        Live("successor", TimeSpan.FromSeconds(3.5));
        var dispatcher = Substitute.For<IDispatcher>();
        var executor = new PlanExecutor(dispatcher, new FixedGap(TimeSpan.Zero, _time), new Quarantine(_time), [], NullLogger<PlanExecutor>.Instance, sleeper);
        var table = new DispatcherTable(new KamailioVersion(5, 6), default, []);

        var pushed = executor.ExecuteAsync(new ChangePlan { Adds = [new AddDestination(1, "sip:127.0.0.1", 8, 0, "a=b")] }, table, Task.CompletedTask, default);

        var taken = Assert.Throws<ProxyTakenException>(() => Pass(pushed, TimeSpan.FromSeconds(2)));
        Assert.That(taken.Message, Does.Contain("successor"));
        await dispatcher.DidNotReceiveWithAnyArgs().ApplyAsync(default!, default, default);
        Assert.That(_kamailio.Mark, Does.EndWith("successor"));
    }

    [Test]
    public void Of_two_that_find_no_mark_at_the_same_moment_exactly_one_stays()
    {
        var gates = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        var both = gates.Select((gate, index) => New($"number {index}", call => call == "htable.sets claim" ? gate.Task : Task.CompletedTask)).ToList();
        var ensuring = both.Select(claim => claim.EnsureAsync(default)).ToList();
        Array.ForEach(gates, static gate => gate.SetResult());
        both.ForEach(claim => _running.Add(claim.RunAsync(_stop.Token)));

        Let(TimeSpan.FromSeconds(3));

        Assert.That(ensuring.Count(static task => task.IsCompletedSuccessfully), Is.EqualTo(1));
        Assert.That(ensuring.Single(static task => task.IsFaulted).Exception!.InnerException, Is.InstanceOf<ProxyTakenException>());
    }

    [Test]
    public void Whose_mark_comes_late_over_that_of_a_holder_waits_until_the_holder_has_seen_it()
    {
        var gate = new TaskCompletionSource();
        var late = New("late", call => call == "htable.sets claim" ? gate.Task : Task.CompletedTask);
        var ensuring = late.EnsureAsync(default);
        var holder = Live("holder");
        Let(TimeSpan.FromSeconds(1));

        gate.SetResult();
        _running.Add(late.RunAsync(_stop.Token));
        Let(ClaimTimes.Validity);
        Assert.That(ensuring.IsCompleted, Is.False, "the holder may go on for as long without asking");
        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully, Is.False);
        Let(TimeSpan.FromSeconds(3));

        Assert.That(ensuring.IsCompletedSuccessfully);
        Assert.That(_running[0].Exception?.InnerException, Is.InstanceOf<ProxyTakenException>().With.Message.Contain("late"));
    }

    [Test]
    public void After_a_restart_of_Kamailio_the_holder_goes_on_at_once()
    {
        var holder = Live("holder");
        Let(TimeSpan.FromSeconds(3));
        _kamailio.Restart();

        Assert.That(holder.EnsureAsync(default).IsCompletedSuccessfully);

        Assert.That(_kamailio.Mark, Does.EndWith("holder"));
        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully);
        Let(TimeSpan.FromSeconds(3));
        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully);
    }

    [Test]
    public void After_a_restart_of_Kamailio_the_holder_goes_on_at_once_though_its_first_question_waited()
    {
        var gate = Task.CompletedTask;
        var holder = New("holder", call => call == "htable.get claim" ? gate : Task.CompletedTask);
        Pass(holder.EnsureAsync(default), ClaimTimes.NewcomerWait);
        _kamailio.Restart();
        var wait = new TaskCompletionSource();
        gate = wait.Task;
        var ensuring = holder.EnsureAsync(default);
        Let(TimeSpan.FromSeconds(1));

        gate = Task.CompletedTask;
        wait.SetResult();

        Assert.That(ensuring.IsCompletedSuccessfully);
        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully);
    }

    [Test]
    public void After_a_restart_of_Kamailio_that_a_newcomer_notices_too_exactly_one_stays()
    {
        var holder = Live("holder");
        Let(TimeSpan.FromSeconds(3));
        _kamailio.Restart();
        var gate = new TaskCompletionSource();
        var newcomer = New("newcomer", call => call == "htable.sets claim" ? gate.Task : Task.CompletedTask);
        var ensuring = newcomer.EnsureAsync(default);
        Assert.That(holder.EnsureAsync(default).IsCompletedSuccessfully);
        gate.SetResult();
        _running.Add(newcomer.RunAsync(_stop.Token));

        Let(ClaimTimes.FirstValidity);
        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully, Is.False, "it asks before the newcomer has waited");
        Assert.That(ensuring.IsCompleted, Is.False);
        Let(TimeSpan.FromSeconds(3));

        Assert.That(ensuring.IsCompletedSuccessfully);
        Assert.That(_running[0].IsFaulted);
    }

    [Test]
    public void After_a_restart_of_Kamailio_that_only_a_newcomer_notices_the_holder_goes_by_no_reading_of_before()
    {
        var holder = Live("holder");
        Let(TimeSpan.FromSeconds(3));
        _kamailio.Restart();
        Pass(New("newcomer").EnsureAsync(default), ClaimTimes.NewcomerWait);

        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully, Is.False);
    }

    /// <summary>As over UDP or TCP: a restart is seen by nothing but the empty table.</summary>
    [Test]
    public void Where_nothing_tells_one_Kamailio_from_the_next_a_reading_is_good_for_less_than_a_newcomer_waits()
    {
        _kamailio.InstanceToken = string.Empty;
        var holder = Live("holder");
        Let(TimeSpan.FromSeconds(3));
        _kamailio.Restart();
        _kamailio.InstanceToken = string.Empty;
        Pass(New("newcomer").EnsureAsync(default), ClaimTimes.NewcomerWait);

        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully, Is.False);
    }

    [Test]
    public void A_holder_whose_sign_of_life_is_not_answered_asks_before_it_changes_anything()
    {
        var holder = Live("holder");
        _kamailio.IsAway = true;
        Let(ClaimTimes.BeatInterval);
        _kamailio.IsAway = false;
        var calls = _kamailio.Calls.Count;

        Assert.That(holder.ConfirmAsync(default).IsCompletedSuccessfully);
        Assert.That(_kamailio.Calls, Has.Count.GreaterThan(calls));
    }

    [Test]
    public void A_Kamailio_that_is_away_has_nothing_to_claim_and_nothing_is_changed_in_it()
    {
        var first = Live("first");
        _kamailio.IsAway = true;

        Assert.That(first.EnsureAsync(default).Exception?.InnerException, Is.InstanceOf<KamailioRpcException>());
        Assert.That(first.ConfirmAsync(default).Exception?.InnerException, Is.InstanceOf<KamailioRpcException>());
    }

    [Test]
    public void Without_the_table_the_lines_for_it_are_said_once_and_Kamailio_is_left_in_peace()
    {
        _kamailio.HasTable = false;
        var first = New("first");
        Assert.That(first.EnsureAsync(default).IsCompletedSuccessfully);
        Assert.That(first.EnsureAsync(default).IsCompletedSuccessfully);
        Assert.That(first.ConfirmAsync(default).IsCompletedSuccessfully);
        Assert.That(_kamailio.Calls, Has.Count.EqualTo(1));
        Assert.That(_log.Of(NoTable).Single(), Does.Contain("loadmodule \"htable.so\"").And.Contain("kamrpc=>size=4;"));

        _kamailio.HasTable = true;
        _kamailio.Restart();
        Pass(first.EnsureAsync(default), ClaimTimes.NewcomerWait);
        Assert.That(_kamailio.Mark, Does.EndWith("first"));
    }

    [Test]
    public void A_Kamailio_that_cannot_take_the_mark_now_is_not_changed_until_it_can()
    {
        _kamailio.IsFull = true;
        var first = New("first");
        Assert.That(first.EnsureAsync(default).Exception?.InnerException, Is.InstanceOf<KamailioFaultException>());
        Assert.That(first.ConfirmAsync(default).Exception?.InnerException, Is.InstanceOf<KamailioFaultException>());

        _kamailio.IsFull = false;
        Pass(first.EnsureAsync(default), ClaimTimes.NewcomerWait);
        Assert.That(first.ConfirmAsync(default).IsCompletedSuccessfully);
        Assert.That(_log.Of(NoTable), Is.Empty);
    }

    private KamailioClaim New(string holder, Func<string, Task>? onCall = null)
    {
        var client = _kamailio.Connect();
        client.OnCall = onCall ?? client.OnCall;
        return new KamailioClaim(client, null, holder, _time, _log);
    }

    /// <summary>One that has the claim, and gives signs of life.</summary>
    private KamailioClaim Live(string holder, TimeSpan? within = null)
    {
        var claim = New(holder);
        Pass(claim.EnsureAsync(default), within ?? ClaimTimes.NewcomerWait);
        _running.Add(claim.RunAsync(_stop.Token));
        return claim;
    }

    /// <summary>Moves the clock until a task ends; what waits for the clock goes on within the call.</summary>
    private void Pass(Task task, TimeSpan atMost)
    {
        for (var passed = TimeSpan.Zero; !task.IsCompleted; passed += Step)
        {
            Assert.That(passed, Is.LessThan(atMost + Step), $"it still waits: {string.Join(", ", _kamailio.Calls)}");
            _time.Advance(Step);
        }

        task.GetAwaiter().GetResult();
    }

    private void Let(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Step)
        {
            _time.Advance(Step);
        }
    }
}
