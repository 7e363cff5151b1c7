using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Dispatch;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operators;

public class OperatedSourceTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly Member A = Members.Of("a");

    [Test]
    public void A_ready_member_that_is_drained_drains_whatever_it_announces_beside()
    {
        var operated = Operated(A with { Weight = 7, Reason = "fine" }, new Intent(A.Key) { IsDrained = true, Weight = 50, By = "ops@host", Reason = "kernel update", At = At });

        Assert.That(operated.Members.Single(), Is.EqualTo(A with { Weight = 50, State = MemberState.Draining, Reason = "drained by ops@host: kernel update", Since = At }));
        Assert.That(operated.Drained, Is.EqualTo(new[] { A.Key }));
    }

    [TestCase(MemberState.Down)]
    [TestCase(MemberState.Draining)]
    public void One_that_is_not_ready_stays_what_it_announces(MemberState state)
    {
        var member = A with { State = state, Reason = "its own" };
        var operated = Operated(member, new Intent(A.Key) { IsDrained = true, By = "ops@host" });

        Assert.That((operated.Members.Single(), operated.Drained.Count), Is.EqualTo((member, 0)));
    }

    [Test]
    public void A_weight_alone_drains_nobody_and_stands_for_the_one_that_is_announced()
    {
        var operated = Operated(A with { Weight = 7 }, new Intent(A.Key) { Weight = 50 });
        Assert.That((operated.Members.Single(), operated.Drained.Count), Is.EqualTo((A with { Weight = 50 }, 0)));
    }

    [TestCase("ops@host", null, "drained by ops@host")]
    [TestCase("ops@host", "", "drained by ops@host")]
    [TestCase("", "disk", "drained by an operator: disk")]
    [TestCase("ops\n", "\u001b[2J", "drained by ops\\u000a: \\u001b[2J")]
    public void Why_it_drains_names_the_operator_and_can_be_printed(string by, string? reason, string expected) =>
        Assert.That(Operated(A, new Intent(A.Key) { IsDrained = true, By = by, Reason = reason }).Members.Single().Reason, Is.EqualTo(expected));

    [Test]
    public void However_long_the_reason_it_is_one_that_a_member_may_have() => Assert.That(
        Operated(A, new Intent(A.Key) { IsDrained = true, By = new string('b', 256), Reason = new string('r', 256) }).Members.Single().Reason,
        Has.Length.LessThanOrEqualTo(MemberValidation.MaxReasonLength));

    [Test]
    public void Who_has_expired_and_is_kept_for_a_moment_gets_no_calls_either()
    {
        var membership = new Membership(1, [], []) { Expired = [new ExpiredMember(A, At, 2, TimeSpan.Zero)], Returned = [new ExpiredMember(Members.Of("b"), At, 1, TimeSpan.Zero)], Intents = FakeIntents.Draining(1, "a", "b") };
        var operated = OperatedSource.Apply(membership);

        Assert.That(operated.Expired.Single().Member.State, Is.EqualTo(MemberState.Draining));
        Assert.That(operated.Drained, Is.EqualTo(new[] { A.Key }), "b is back, in whatever state that it announces");
    }

    [Test]
    public void It_is_the_same_as_long_as_nothing_changes()
    {
        var inner = new FakeMembership();
        var source = new OperatedSource(inner);
        Assert.That(source.Current, Is.Null);

        inner.Set(new Membership(1, [A], []) { Intents = FakeIntents.Draining(1, "a") });
        var first = source.Current;
        Assert.That(source.Current, Is.SameAs(first));
        inner.Set(new Membership(1, [A], []) { Intents = FakeIntents.Draining(2) });
        Assert.That(source.Current!.Members.Single(), Is.EqualTo(A), "it is resumed");
    }

    [Test]
    public async Task What_is_saved_is_what_was_announced_and_a_start_without_the_store_drains_by_it()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var time = new ObservedTime();
        var fileLog = new LogCapture<SnapshotFile>();
        var store = new FakeMembership();
        var file = new SnapshotFile(folder.Path, "c", "p", fileLog);
        var first = new OperatedSource(new SnapshottingSource(store, file, TimeSpan.FromSeconds(2), static _ => { }, time, new LogCapture<SnapshottingSource>()));
        var running = first.RunAsync(static () => { }, stop.Token);
        store.Set(new Membership(7, [A], []) { Store = new StoreIdentity(7, "http://10.0.0.5:2379"), Intents = FakeIntents.Draining(6, "a") });
        Assert.That(first.Current!.Members.Single().State, Is.EqualTo(MemberState.Draining));
        await fileLog.WaitForAsync(1022);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(new SnapshotFile(folder.Path, "c", "p", fileLog).Read()!.Members.Single().State, Is.EqualTo(MemberState.Ready));

        using var stopAgain = new CancellationTokenSource();
        var changes = new Milestones();
        var second = new OperatedSource(new SnapshottingSource(new FakeMembership(), new SnapshotFile(folder.Path, "c", "p", fileLog), TimeSpan.FromSeconds(2), static _ => { }, time, new LogCapture<SnapshottingSource>()));
        var waits = time.Waits.Count;
        var again = second.RunAsync(changes.Passed, stopAgain.Token);
        await time.WaitForWaitsAsync(waits + 1);
        time.Advance(TimeSpan.FromSeconds(2));
        await changes.WaitUntilAsync(() => second.Current is not null);
        Assert.That(second.Current!.Members.Single().Reason, Is.EqualTo("drained by ops@host: kernel update"));
        Assert.That((second.Current!.IsFromSnapshot, second.Current!.Intents!.IsFollowed), Is.EqualTo((true, false)));

        await stopAgain.CancelAsync();
        await again.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static Membership Operated(Member member, Intent intent) =>
        OperatedSource.Apply(new Membership(1, [member], []) { Intents = new OperatorIntents(1, new Dictionary<MemberKey, Intent> { [intent.Key] = intent }, []) { IsFollowed = true } });
}
