using Grpc.Core;
using KamRpcDispatcher.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class EtcdStoreTests
{
    [Test]
    public void A_channel_that_fails_on_and_on_is_opened_anew_and_one_that_works_is_kept()
    {
        Assert.That(EtcdEndpoints.TryParse("127.0.0.1:1", out var endpoints, out _));
        var time = new FakeTimeProvider();
        using var store = new EtcdStore(endpoints!, time);
        var first = store.Keys;

        store.Failed();
        time.Advance(EtcdStore.Suspicion - TimeSpan.FromMilliseconds(1));
        store.Failed();
        Assert.That(store.Keys, Is.SameAs(first));

        store.Succeeded();
        time.Advance(TimeSpan.FromMilliseconds(2));
        store.Failed();
        Assert.That(store.Keys, Is.SameAs(first), "it worked in between");

        time.Advance(EtcdStore.Suspicion);
        store.Failed();
        Assert.That(store.Keys, Is.Not.SameAs(first));
    }

    [Test]
    public void Of_several_endpoints_the_next_is_used_at_once_and_calls_that_this_cut_off_move_no_further()
    {
        Assert.That(EtcdEndpoints.TryParse("127.0.0.1:1,127.0.0.1:2", out var endpoints, out _));
        var time = new FakeTimeProvider();
        using var store = new EtcdStore(endpoints!, time);
        time.Advance(TimeSpan.FromSeconds(1));
        var first = store.Keys;

        store.Failed(new RpcException(new Status(StatusCode.PermissionDenied, "")));
        Assert.That(store.Keys, Is.SameAs(first), "another endpoint would say the same");

        store.Failed();
        var second = store.Keys;
        Assert.That(second, Is.Not.SameAs(first));

        store.Failed();
        Assert.That(store.Keys, Is.SameAs(second));

        time.Advance(EtcdStore.RetryDelay);
        store.Failed();
        Assert.That(store.Keys, Is.Not.SameAs(second));
    }

    [Test]
    public async Task A_call_is_given_up_after_its_time_and_when_its_caller_gives_up()
    {
        using var caller = new CancellationTokenSource();
        var brief = EtcdStore.Options(TimeSpan.FromMilliseconds(50), caller.Token);
        var longer = EtcdStore.Options(TimeSpan.FromHours(1), caller.Token);
        Assert.That(brief.Deadline, Is.Null, "a time of day, which jumps when the clock is set");

        var given = new TaskCompletionSource();
        await using var registration = brief.CancellationToken.Register(given.SetResult);
        await given.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(caller.IsCancellationRequested || longer.CancellationToken.IsCancellationRequested, Is.False);

        await caller.CancelAsync();
        Assert.That(longer.CancellationToken.IsCancellationRequested);
    }
}
