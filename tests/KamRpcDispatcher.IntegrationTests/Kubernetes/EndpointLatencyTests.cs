using System.Globalization;
using System.Text.Json.Nodes;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Kubernetes;

/// <summary>From the event of an endpoint to Kamailio's list, as another client of Kamailio sees it.</summary>
public class EndpointLatencyTests
{
    private const int Samples = 40;

    /// <summary>Each sample is a change by itself.</summary>
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(150);

    [Test]
    public async Task An_endpoint_is_routable_within_10_ms_of_being_ready_and_disabled_within_10_ms_of_terminating()
    {
        var endpoints = new List<JsonObject> { SliceText.Ready("stays", "127.0.1.250") };
        await using var fleet = await KubernetesFleet.StartAsync(store => store.Put(SliceText.Slice("asterisk", "s1", Copy())), "--panic-threshold", "0");
        var (added, enabled, disabled) = (new Figures("from ready, a newcomer, to routable"), new Figures("from ready again, to routable"), new Figures("from terminating, to disabled"));
        for (var number = 1; number <= Samples; number++)
        {
            var (pod, address) = ($"pod-{number}", string.Create(CultureInfo.InvariantCulture, $"127.0.1.{number}"));
            var uri = $"sip:{address}:5060";
            endpoints.Add(SliceText.Ready(pod, address));
            await MeasureAsync(added, list => Fleet.IsRoutable(list, uri));
            endpoints[^1] = SliceText.NotReady(pod, address);
            await Task.Delay(BetweenSamples);
            fleet.Put("s1", Copy());
            await fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, uri));
            endpoints[^1] = SliceText.Ready(pod, address);
            await MeasureAsync(enabled, list => Fleet.IsRoutable(list, uri));
            endpoints[^1] = SliceText.Terminating(pod, address);
            await MeasureAsync(disabled, list => !Fleet.IsEnabled(list, uri));
            endpoints.RemoveAt(endpoints.Count - 1);
            fleet.Put("s1", Copy());
            await fleet.WaitForListAsync(list => list.All(entry => entry.Uri != uri));
        }

        foreach (var figures in new[] { added, enabled, disabled })
        {
            figures.Print();
        }

        Assert.Multiple(() =>
        {
            Assert.That(added.Median, Is.LessThan(10));
            Assert.That(enabled.Median, Is.LessThan(10));
            Assert.That(disabled.Median, Is.LessThan(10));
        });

        async Task MeasureAsync(Figures figures, Func<IReadOnlyList<FakeDestination>, bool> condition)
        {
            await Task.Delay(BetweenSamples);
            var put = fleet.Put("s1", Copy());
            figures.Add(put, await fleet.WaitForListAsync(condition));
        }

        IEnumerable<JsonObject> Copy() => endpoints.Select(static endpoint => endpoint.DeepClone().AsObject());
    }
}
