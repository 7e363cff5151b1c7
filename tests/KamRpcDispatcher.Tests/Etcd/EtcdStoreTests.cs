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
}
