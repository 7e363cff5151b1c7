using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class EtcdConnectionTests
{
    private static readonly RpcException Unanswered = new(new Status(StatusCode.Cancelled, ""));

    [Test]
    public void A_connection_that_fails_on_and_on_is_replaced_and_one_that_works_is_kept()
    {
        var time = new FakeTimeProvider();
        using var store = Store("127.0.0.1:1", time);
        var first = store.Keys;

        store.Failed(null, time.GetTimestamp());
        time.Advance(store.Suspicion - TimeSpan.FromMilliseconds(1));
        store.Failed(null, time.GetTimestamp());
        Assert.That(store.Keys, Is.SameAs(first));

        store.Succeeded(time.GetTimestamp());
        time.Advance(TimeSpan.FromMilliseconds(2));
        store.Failed(null, time.GetTimestamp());
        Assert.That(store.Keys, Is.SameAs(first), "it worked in between");

        time.Advance(store.Suspicion);
        store.Failed(null, time.GetTimestamp());
        Assert.That(store.Keys, Is.Not.SameAs(first));
    }

    [Test]
    public void After_one_call_without_an_answer_another_connection_is_used_and_the_first_one_stays_for_whoever_holds_it()
    {
        var time = new FakeTimeProvider();
        using var store = Store("127.0.0.1:1", time);
        var line = store.Hold();
        store.Succeeded(time.GetTimestamp());
        var begun = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(1));

        store.Failed(Unanswered, begun);
        var second = store.Keys;
        Assert.That(second, Is.Not.SameAs(line.Keys));
        Assert.That(line.Suspected.IsCancellationRequested);

        store.Failed(Unanswered, begun);
        Assert.That(store.Keys, Is.SameAs(second), "the failure of an earlier one");

        store.Failed(Unanswered, time.GetTimestamp());
        Assert.That(store.Keys, Is.SameAs(second), "a server that hangs is not flooded with connections");
        time.Advance(store.Suspicion);
        store.Failed(Unanswered, time.GetTimestamp());
        Assert.That(store.Keys, Is.Not.SameAs(second));

        Assert.That(() => line.Keys.RangeAsync(new Etcdserverpb.RangeRequest(), EtcdCall.Options(CancellationToken.None)).ResponseAsync, Throws.TypeOf<RpcException>(), "refused, and not closed");
        line.Leave();
        Assert.That(() => line.Keys.RangeAsync(new Etcdserverpb.RangeRequest(), EtcdCall.Options(CancellationToken.None)).ResponseAsync, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Of_several_endpoints_the_next_is_used_at_once_and_calls_of_before_move_no_further()
    {
        var time = new FakeTimeProvider();
        using var store = Store("127.0.0.1:1,127.0.0.1:2", time);
        var begun = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(1));
        var first = store.Keys;

        store.Failed(new RpcException(new Status(StatusCode.PermissionDenied, "")), begun);
        Assert.That(store.Keys, Is.SameAs(first), "another endpoint would say the same");

        store.Failed(null, begun);
        var second = store.Keys;
        Assert.That(second, Is.Not.SameAs(first));

        store.Failed(null, begun);
        Assert.That(store.Keys, Is.SameAs(second));

        store.Failed(null, time.GetTimestamp());
        Assert.That(store.Keys, Is.Not.SameAs(second));
    }

    /// <summary>A member that is being added tells its status and serves nobody: from 3.6 on as a refusal, before as if it were away.</summary>
    [TestCase(StatusCode.FailedPrecondition)]
    [TestCase(StatusCode.Unavailable)]
    public void A_learner_is_left_for_the_next_endpoint_and_for_the_next_address_of_a_name(StatusCode code)
    {
        var learner = new RpcException(new Status(code, "etcdserver: rpc not supported for learner"));
        Assert.That(EtcdFailure.IsRefusal(learner), Is.False);
        foreach (var endpoints in new[] { "127.0.0.1:1,127.0.0.1:2", "etcd.test:1" })
        {
            var time = new FakeTimeProvider();
            using var store = Store(endpoints, time);
            var first = store.Keys;

            store.Failed(learner, time.GetTimestamp());

            Assert.That(store.Keys, Is.Not.SameAs(first), endpoints);
        }
    }

    [Test]
    public void Nobody_comes_back_at_the_same_moment()
    {
        var pauses = Enumerable.Range(0, 100).Select(static _ => EtcdCall.RetryPause).ToList();
        Assert.That(pauses, Has.All.InRange(EtcdCall.RetryDelay / 2, EtcdCall.RetryDelay * 1.5));
        Assert.That(pauses.Distinct().Count(), Is.GreaterThan(50));
    }

    [Test]
    public async Task A_call_is_given_up_after_its_time_and_when_its_caller_gives_up()
    {
        using var caller = new CancellationTokenSource();
        var brief = EtcdCall.Options(TimeSpan.FromMilliseconds(50), caller.Token);
        var longer = EtcdCall.Options(TimeSpan.FromHours(1), caller.Token);
        Assert.That(brief.Deadline, Is.Null, "a time of day, which jumps when the clock is set");

        var given = new TaskCompletionSource();
        await using var registration = brief.CancellationToken.Register(given.SetResult);
        await given.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(caller.IsCancellationRequested || longer.CancellationToken.IsCancellationRequested, Is.False);

        await caller.CancelAsync();
        Assert.That(longer.CancellationToken.IsCancellationRequested);
    }

    [Test]
    public async Task A_connection_with_the_files_as_they_are_now_takes_the_place_of_the_one_that_works_only_if_it_works_too()
    {
        await using var etcd = await FakeEtcd.StartAsync();
        Assert.That(EtcdEndpoints.TryParse(etcd.Endpoint, out var endpoints, out _));
        var log = new LogCapture<EtcdConnection>();
        using var store = new EtcdConnection(new EtcdOptions(endpoints!), TimeProvider.System, log);
        var first = store.Keys;

        etcd.Before = static (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));
        await store.ReadFilesAgainAsync("/kamrpc/default/members/1/a");
        Assert.That(store.Keys, Is.SameAs(first));
        Assert.That(log.Of(1032), Has.Count.EqualTo(1).And.All.Contain("permission denied").And.All.Contain("going on with the connection of before"));

        etcd.Before = static (_, _) => Task.CompletedTask;
        await store.ReadFilesAgainAsync("/kamrpc/default/members/1/a");
        Assert.That(store.Keys, Is.Not.SameAs(first));
        Assert.That((log.Of(1032).Count, log.Of(1042).Count), Is.EqualTo((1, 1)), "that it works now is told after it did not");

        await store.ReadFilesAgainAsync("/kamrpc/default/members/1/a");
        Assert.That(log.Of(1042), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Of_a_connection_that_is_closed_nothing_is_read_again_and_none_takes_its_place()
    {
        await using var etcd = await FakeEtcd.StartAsync();
        Assert.That(EtcdEndpoints.TryParse(etcd.Endpoint, out var endpoints, out _));
        var log = new LogCapture<EtcdConnection>();
        var store = new EtcdConnection(new EtcdOptions(endpoints!), TimeProvider.System, log);
        var asked = new TaskCompletionSource();
        var over = new TaskCompletionSource();
        etcd.Before = (_, _) =>
        {
            asked.SetResult();
            return over.Task;
        };
        var reading = store.ReadFilesAgainAsync("/kamrpc/default/members/1/a");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        store.Dispose();
        over.SetResult();
        await reading;

        await store.ReadFilesAgainAsync("/kamrpc/default/members/1/a");
        Assert.That(store.MoveOn, Throws.Nothing);
        Assert.That(log.Of(1031), Has.Count.EqualTo(2), "the first one, and that which was tried");
    }

    private static EtcdConnection Store(string endpoints, TimeProvider time) =>
        EtcdEndpoints.TryParse(endpoints, out var parsed, out var error) ? new EtcdConnection(parsed, time) : throw new InvalidOperationException(error);
}
