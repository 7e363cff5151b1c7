using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Rollouts.Running;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What is next in a rolling restart.</summary>
public sealed class RollingPlannerTests
{
    private static readonly OperatorView Three = Views.Of(Members.Of("a"), Members.Of("b"), Members.Of("c"));

    [Test]
    public void Its_list_is_made_at_the_start_and_taken_in_batches()
    {
        var rollout = Begin(Three, batch: 2);
        var move = Next(rollout, Three);
        Assert.That((move.Kind, string.Join(' ', move.Names)), Is.EqualTo((RollingMoveKind.Drain, "a b")));

        var done = rollout with { Restart = move.Restart.With(["a", "b"], RollingStage.Done) };
        move = Next(done, Views.Of(Members.Of("a"), Members.Of("b"), Members.Of("bb"), Members.Of("c")));
        Assert.That((move.Kind, string.Join(' ', move.Names)), Is.EqualTo((RollingMoveKind.Drain, "c")), "who joins meanwhile is not part of it");
        Assert.That(Next(done with { Restart = move.Restart.With(["c"], RollingStage.Done) }, Three).Kind, Is.EqualTo(RollingMoveKind.Finish));
    }

    [Test]
    public void Each_is_drained_then_run_then_resumed_then_seen_and_only_then_comes_the_next()
    {
        var rollout = Begin(Three);
        var drained = Next(rollout, Three).Restart;
        var view = WithOurs(Three, rollout, "a");
        foreach (var (stage, kind) in new[] { (RollingStage.Drained, RollingMoveKind.Run), (RollingStage.Ran, RollingMoveKind.Resume), (RollingStage.Resumed, RollingMoveKind.Confirm) })
        {
            var move = Next(rollout with { Restart = drained.With(["a"], stage) }, stage == RollingStage.Resumed ? Three : view);
            Assert.That((move.Kind, move.Names.Single()), Is.EqualTo((kind, "a")));
        }
    }

    [Test]
    public void Who_was_drained_by_an_operator_is_left_alone_and_told()
    {
        var move = Next(Begin(Three), Three.WithDrained("1/a", "1/b"));

        Assert.That((move.Kind, move.Names.Single()), Is.EqualTo((RollingMoveKind.Drain, "c")));
        Assert.That(move.Told, Is.EqualTo(new[] { "a is skipped: drained by ops@host: that drain stays", "b is skipped: drained by ops@host: that drain stays" }));
        Assert.That((RollingText.Of(move.Restart), move.Restart.Lost), Is.EqualTo(("0 of 3 restarted, 2 skipped, drained by it: c", Array.Empty<string>())));
    }

    [Test]
    public void Who_is_not_there_when_its_turn_comes_is_waited_for_and_passed_over_only_when_somebody_goes_on_and_no_proxy_has_it()
    {
        var (rollout, without) = (Begin(Three), Views.Of(Members.Of("b"), Members.Of("c")));
        var held = without.With(new LiveProxy("p1", Views.Status(2) with { Held = [Members.Of("a")] }));
        Assert.That((Next(rollout, without).Kind, Next(rollout, without).Names.Single()), Is.EqualTo((RollingMoveKind.Await, "a")));
        Assert.That((RollingPlanner.WhyNotThere(without, Views.Key("1/a")), RollingPlanner.WhyNotThere(held, Views.Key("1/a")), RollingPlanner.WhyNotThere(Three, Views.Key("1/a"))), Is.EqualTo(("not announced", "not announced, and p1 keeps it as it was (PANIC)", (string?)null)));

        var goneOn = rollout with { Restart = rollout.Restart!.With(["a"], RollingStage.Waiting, RollingRestart.Missed) };
        foreach (var proxy in new[] { held.Proxies[0], Views.Proxy("p1", 3, Views.Off(DeviationKind.Serving, "a")), new LiveProxy("p1", null), new LiveProxy("p1", Views.Status(3) with { Follows = new FollowedMembers(9, 3) }) })
        {
            Assert.That(Next(goneOn, without.With(proxy)).Kind, Is.EqualTo(RollingMoveKind.Await), "it may get calls");
        }

        var move = Next(goneOn, without.With(new LiveProxy("p1", Views.Status(2) with { Follows = new FollowedMembers(9, 2) })));
        Assert.That((move.Kind, move.Names.Single(), move.Told.Single()), Is.EqualTo((RollingMoveKind.Drain, "b", "a is skipped: it is not announced any more")));
        Assert.That(move.Restart.Lost, Is.EqualTo(new[] { "a" }));
        move = Next(goneOn, Three);
        Assert.That((move.Kind, move.Names.Single(), move.Restart.Members[0].Said), Is.EqualTo((RollingMoveKind.Drain, "a", (string?)null)), "it is back");
    }

    [Test]
    public void Whose_intent_cannot_be_read_is_waited_for_and_who_gets_calls_without_being_announced_is_told_before_anything_begins()
    {
        var unreadable = Three with { Intents = new Dictionary<MemberKey, StoredIntent> { [Views.Key("1/a")] = new(45, default, null, "drain: neither true nor false") } };
        Assert.That(Plan(unreadable, new RollingRestart("true", 1), out _, out var reasons), Is.Null);
        Assert.That(reasons[0], Is.EqualTo("nobody of those who are meant can be restarted: a: its intent cannot be read, drain: neither true nor false: 'kamrpc resume a' deletes it"));
        var rollout = Begin(Three);
        rollout = rollout with { Restart = rollout.Restart!.With(["a"], RollingStage.Drained) };
        Assert.That(Next(rollout, unreadable).Pause, Does.StartWith("the intent of a cannot be read any more"));

        var held = Three.With(new LiveProxy("p1", Views.Status(3) with { Held = [Members.Of("d")] }));
        Assert.That(Plan(held, new RollingRestart("true", 1), out var result, out reasons), Is.Null);
        Assert.That((result, reasons[0]), Is.EqualTo((RolloutResult.NotSafe, "d is not announced, and kept in rotation by a proxy (PANIC): the restart would leave it out; wait for them, or let them go with 'kamrpc confirm'")));
    }

    [TestCase(RollingStage.Drained, false, "waiting", true)]
    [TestCase(RollingStage.Ran, false, "resumed", false)]
    [TestCase(RollingStage.Drained, true, "skipped", false)]
    [TestCase(RollingStage.Ran, true, "done", false)]
    public void A_drain_that_somebody_else_took_back_or_took_over_is_not_the_rollouts_any_more(RollingStage stage, bool isDrainedByOther, string expected, bool pauses)
    {
        var rollout = Begin(Three);
        rollout = rollout with { Restart = rollout.Restart!.With(["a"], stage) };
        var move = Next(rollout, isDrainedByOther ? Three.WithDrained("1/a") : Three);

        Assert.That((move.Kind, RollingText.Of(move.Restart.Members[0].Stage), move.Pause is not null), Is.EqualTo((RollingMoveKind.Settle, expected, pauses)));
        Assert.That(RollingPlanner.Writes(rollout, isDrainedByOther ? Three.WithDrained("1/a") : Three, ["a"], isDrain: false, "ops@host", Views.Now), Is.Empty, "and nobody takes that back");
    }

    [Test]
    public void Who_was_restarted_counts_whoever_has_it_drained_since()
    {
        var rollout = Begin(Three);
        rollout = rollout with { Restart = rollout.Restart!.With(["a"], RollingStage.Ran) };
        var move = Next(rollout, Three.WithDrained("1/a"));

        Assert.That((RollingText.Of(move.Restart), move.Restart.Members[0].Said), Is.EqualTo(("1 of 3 restarted", "restarted; drained by ops@host: that drain stays")));
        Assert.That(move.Told.Single(), Is.EqualTo("a was restarted, and is left as it is: drained by ops@host: that drain stays"));
        Assert.That(RollingText.Of(rollout.Restart), Is.EqualTo("1 of 3 restarted, drained by it: a"), "its command has ended well");
        Assert.That(RollingText.Of(rollout.Restart.With(["a"], RollingStage.Resumed)), Is.EqualTo("1 of 3 restarted"));
    }

    [Test]
    public void One_that_is_aborted_counts_whose_command_had_ended_well()
    {
        var rollout = Begin(Three);
        var restart = rollout.Restart!.With(["a", "b"], RollingStage.Ran).With(["c"], RollingStage.Drained);

        var aborted = RollingSettling.Aborted(restart, ["b", "c"], rollout, Three.WithDrained("1/a"));

        Assert.That(aborted.Members.Select(static member => $"{RollingText.Of(member.Stage)} {member.Said}"), Is.EqualTo(new[] { "done restarted; drained by ops@host: that drain stays", "resumed ", "skipped aborted before its command had ended well" }));
        Assert.That((RollingText.Of(aborted), aborted.Drained.Any()), Is.EqualTo(("2 of 3 restarted, 1 skipped", false)));
    }

    [Test]
    public void A_weight_that_an_operator_gave_stays_through_drain_and_resume()
    {
        var rollout = Begin(Three);
        var view = WithOurs(Three, rollout, "a", weight: 30);

        Assert.That(RollingPlanner.Writes(rollout, view, ["a"], isDrain: false, "ops@host", Views.Now).Single().Value!.ToStringUtf8(), Does.StartWith("""{"weight":30,"by":"ops@host","at":""").And.Not.Contains("drain"));
        Assert.That(RollingPlanner.Writes(rollout, WithOurs(Three, rollout, "a"), ["a"], isDrain: false, "ops@host", Views.Now).Single().Value, Is.Null);
    }

    [Test]
    public void Whose_a_weight_is_stays_through_drain_and_resume()
    {
        const string Declared = """{"weight":30,"by":"tom@host","at":"2026-01-30T12:00:00Z","reason":"small box","owner":"git"}""";
        var rollout = Begin(Three);
        var view = With(Three, Declared);

        view = With(view, RollingPlanner.Writes(rollout, view, ["a"], isDrain: true, "m2@host", Views.Now).Single().Value!.ToStringUtf8());
        Assert.That((view.StoredOf(Views.Key("1/a"))!.Intent!.By, view.StoredOf(Views.Key("1/a"))!.Intent!.Owner), Is.EqualTo(("m2@host", "git")));
        Assert.That(RollingPlanner.Writes(rollout, view, ["a"], isDrain: false, "m2@host", Views.Now).Single().Value!.ToStringUtf8(), Is.EqualTo(Declared));
    }

    [Test]
    public void The_floor_is_that_of_a_drain()
    {
        var refused = Plan(Three, new RollingRestart("true", 3), out var result, out var reasons);

        Assert.That((refused, result, reasons[0]), Is.EqualTo(((Rollout?)null, RolloutResult.NotSafe, "set 1 would be left with no ready member, and --min-ready 1 asks for 1")));
        Assert.That(Plan(Three.WithDrained("1/a", "1/b", "1/c"), new RollingRestart("true", 1), out result, out reasons), Is.Null);
        Assert.That(result, Is.EqualTo(RolloutResult.Refused));
        Assert.That(reasons[0], Does.StartWith("nobody of those who are meant can be restarted: a is skipped"));
    }

    [Test]
    public void A_dry_run_names_the_batches_and_who_is_skipped()
    {
        var view = Three.WithDrained("1/b");
        view = view.With(new LiveProxy("p1", Views.Status(2) with { Applies = ["members", IntentsProgress.Kind], Splits = new SplitsProgress(40) { HasTable = true } }), new LiveProxy("p2", Views.Status(2)));
        var steps = RolloutForecast.Of(Begin(view), null, view);

        Assert.That(steps.Select(static step => string.Join(' ', step.Members)), Is.EqualTo(new[] { "a", "c" }));
        Assert.That(steps[1].Note, Does.Contain("b is skipped: drained by ops@host"));
        Assert.That(steps[1].Proxies.Select(static proxy => $"{proxy.Name} {proxy.Would}"), Is.EqualTo(new[] { "p1 disables c", "p2 nothing: it follows no intents (an older kamrpc, or its role in etcd may not read them)" }));
    }

    [Test]
    public void Without_a_time_one_whose_calls_nobody_is_to_count_is_refused_before_anybody_is_drained()
    {
        var counting = Views.Of(Counting("a"), Counting("b"), Counting("c"));
        Assert.That(Plan(counting, new RollingRestart("true", 1), out _, out var reasons), Is.Not.Null, string.Concat(reasons));

        var mixed = Views.Of(Counting("a"), Members.Of("b"), Members.Of("c"));
        Assert.That(Plan(mixed, new RollingRestart("true", 1), out var result, out reasons), Is.Null);
        Assert.That((result, reasons.Single()), Is.EqualTo((RolloutResult.NotSafe, "nobody says that he counts the calls of b, c (an announcer with --ami does, unless it is an earlier one, and Kamailio where every proxy has KAMRPC_DIALOGS), so that it would pause with the first of them drained; --drain-time 10m says how long they are left drained instead")));
        Assert.That(Plan(mixed, new RollingRestart("true", 1) { DrainTime = TimeSpan.FromMinutes(10) }, out _, out _), Is.Not.Null);
        Assert.That(Plan(mixed.WithDrained("1/b", "1/c"), new RollingRestart("true", 1), out _, out reasons, isForced: true), Is.Not.Null, string.Concat(reasons));

        // Whom an operator has drained is skipped, and whoever insists is told.
        Assert.That(RollingPlanner.Uncounted(new RollingRestart("true", 1) { Members = [new RollingMember("a", "", RollingStage.Waiting), new RollingMember("b", "", RollingStage.Waiting)] }, mixed.WithDrained("1/b"), 1), Is.Empty);
        var forced = Plan(mixed, new RollingRestart("true", 1), out _, out _, isForced: true);
        Assert.That(RolloutForecast.Of(forced!, null, mixed)[0].Note, Does.Contain("the calls of b, c"));

        static Member Counting(string name) => Members.Of(name) with { CountsCalls = true };
    }

    [Test]
    public void Who_is_back_gets_calls_by_the_report_of_every_proxy()
    {
        var key = Views.Key("1/a");
        Assert.That(RollingPlanner.WhyNotServed(Three.With(Views.Proxy("p1", 3), Views.Proxy("p2", 2, Views.Off(DeviationKind.Inactive, "a"))), key), Is.EqualTo("inactive on p2"));
        Assert.That(RollingPlanner.WhyNotServed(Three.With(new LiveProxy("p1", Views.Status(3) with { Revision = 1 })), key), Is.EqualTo("p1 has not taken it in yet"));
        Assert.That(RollingPlanner.WhyNotServed(Three.With(new LiveProxy("p1", null)), key), Is.EqualTo("the report of p1 cannot be read"));
        Assert.That(RollingPlanner.WhyNotServed(Three.With(Views.Proxy("p1", 3)), key), Is.Null);
    }

    [Test]
    public void What_is_written_is_read_again()
    {
        var rollout = Begin(Three) with { Restart = Begin(Three).Restart!.With(["b"], RollingStage.Skipped, "it has gone") with { DrainTime = TimeSpan.FromSeconds(60) } };

        Assert.That(RolloutRecord.TryRead(1, RolloutRecord.Write(rollout), out var read, out var error), Is.True, error);
        Assert.That(read! with { Restart = null }, Is.EqualTo(rollout with { Restart = null }));
        Assert.That(read.Restart! with { Members = [] }, Is.EqualTo(rollout.Restart with { Members = [] }));
        Assert.That(read.Restart.Members, Is.EqualTo(rollout.Restart.Members));
    }

    [TestCase("\"name\":\"b\"", "\"name\":\"b c\"", "members: name: ")]
    [TestCase("sip:", "$(id)", "members: uri: ")]
    [TestCase("\"batch\":1", "\"batch\":0", "batch: ")]
    [TestCase("\"restart\"", "\"else\"", "restart: is missing")]
    public void What_no_member_may_announce_gets_into_no_command(string from, string to, string error)
    {
        var value = System.Text.Encoding.UTF8.GetString(RolloutRecord.Write(Begin(Three))).Replace(from, to, StringComparison.Ordinal);

        Assert.That(RolloutRecord.TryRead(1, System.Text.Encoding.UTF8.GetBytes(value), out _, out var wrong), Is.False);
        Assert.That(wrong, Does.StartWith(error));
    }

    [Test]
    public async Task A_command_knows_its_member_by_its_environment_and_may_fail_so_often()
    {
        var told = new List<string>();
        var command = new RollingCommand(new RolloutPatience(told.Add, TimeProvider.System), TimeProvider.System);
        var rollout = Begin(Three) with { Failures = 2, Restart = new RollingRestart("echo $KAMRPC_NAME $KAMRPC_URI $KAMRPC_SET >&2; exit 3", 1) };

        var (name, why) = await command.RunAsync(rollout, new RollingMember("a;b", "sip:127.0.0.1:5060", RollingStage.Drained), CancellationToken.None);

        Assert.That((name, why), Is.EqualTo(("a;b", "the command failed for a;b, exit code 3: a;b sip:127.0.0.1:5060 1; it stays drained")));
        Assert.That(told.Single(), Does.EndWith("and it is run again (1 of 2)"));
    }

    private static RollingMove Next(Rollout rollout, OperatorView view) => RollingPlanner.Next(rollout, rollout.Restart!, view);

    private static Rollout Begin(OperatorView view, int batch = 1) => Plan(view, new RollingRestart("true", batch) { DrainTime = TimeSpan.Zero }, out _, out var reasons) ?? throw new AssertionException(string.Join("; ", reasons));

    private static Rollout? Plan(OperatorView view, RollingRestart restart, out RolloutResult result, out IReadOnlyList<string> reasons, bool isForced = false) =>
        RolloutPlanner.Plan(new RolloutRequest(1, RolloutKind.Rolling, "", "", "ops@host") { Restart = restart, Failures = 1, IsForced = isForced }, view, new RolloutView(1, 50, null), Views.Now, out result, out reasons);

    private static OperatorView With(OperatorView view, string value)
    {
        var (key, bytes) = (Views.Key("1/a"), System.Text.Encoding.UTF8.GetBytes(value));
        Assert.That(KamRpcDispatcher.Sources.Records.IntentRecord.TryRead(key, bytes, out var intent, out var error), Is.True, error);
        return view with { Intents = new Dictionary<MemberKey, StoredIntent> { [key] = new(45, bytes, intent, null) } };
    }

    private static OperatorView WithOurs(OperatorView view, Rollout rollout, string name, int? weight = null)
    {
        var key = Views.Key("1/" + name);
        var value = RollingPlanner.Writes(rollout, view, [name], isDrain: true, "ops@host", Views.Now).Single().Value!;
        Assert.That(KamRpcDispatcher.Sources.Records.IntentRecord.TryRead(key, value.Memory, out var intent, out var error), Is.True, error);
        return view with { Intents = new Dictionary<MemberKey, StoredIntent> { [key] = new(45, value.Memory, intent! with { Weight = weight }, null) } };
    }
}
