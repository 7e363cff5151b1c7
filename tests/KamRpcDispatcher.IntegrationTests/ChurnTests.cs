using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Parallelizable]
public class ChurnTests
{
    private const int Seed = 20261123;

    [Test]
    public async Task A_hundred_joins_and_leaves_at_full_speed_end_in_a_list_that_equals_etcd()
    {
        await using var fleet = await Fleet.StartAsync(KamailioOptions.WithLatePings with { ListFileLines = ["1 sip:192.0.2.1:5060 0 0 weight=50"] });
        var stable = Enumerable.Range(1, 10).Select(static number => $"sip:127.0.2.{number}:5060").ToList();
        foreach (var uri in stable)
        {
            await fleet.PutUriAsync($"1/stable-{uri.Split('.')[^1].Split(':')[0]}", uri);
        }

        await fleet.WaitForListAsync(list => stable.TrueForAll(uri => Fleet.IsEnabled(list, uri)));
        var order = Order(await fleet.Kamailio.ListAsync(), stable);

        // Each of 100 members joins, and every other one leaves again; puts and deletes come as fast as etcd takes them.
        var random = new Random(Seed);
        var steps = Enumerable.Range(0, 100).SelectMany(static number => number % 2 == 0 ? new[] { (number, true), (number, false) } : [(number, true)]).ToArray();
        random.Shuffle(steps);
        var pending = Task.WhenAll(steps.Select(step => step.Item2
            ? fleet.PutUriAsync($"{step.number % 3}/churn-{step.number}", $"sip:127.0.3.{step.number + 1}:5060")
            : fleet.DeleteAsync($"{step.number % 3}/churn-{step.number}")));
        while (!pending.IsCompleted)
        {
            Assert.That(Order(await fleet.Kamailio.ListAsync(), stable), Is.EqualTo(order));
        }

        await pending;
        var announced = await fleet.AnnouncedAsync();
        Assert.That(announced, Has.Count.GreaterThanOrEqualTo(60));
        var expected = announced.Append((Set: 1, Uri: "sip:192.0.2.1:5060")).Order().ToList();
        await fleet.WaitForListAsync(
            list =>
            {
                Assert.That(Order(list, stable), Is.EqualTo(order), "the others' joins and leaves change nobody's place");
                return list.Where(static entry => entry.Flags[0] != 'D').Select(static entry => (entry.Set, entry.Uri)).Order().SequenceEqual(expected) && list.Count == expected.Count;
            },
            TimeSpan.FromSeconds(60));
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    private static List<string> Order(IEnumerable<FakeDestination> list, List<string> stable) =>
        [.. list.Where(entry => entry.Set == 1).Select(static entry => entry.Uri).Where(stable.Contains)];
}
