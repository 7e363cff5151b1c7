using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Telemetry;
using KamRpcDispatcher.Tests.Cli;

namespace KamRpcDispatcher.Tests.Page;

/// <summary>Makes the page's state of clusters made by hand.</summary>
internal static class PageRig
{
    public static readonly PageEtcd Answering = new(true, null, null, Clusters.Now);

    public static PageState Build(ClusterView view, string? proxy = null, ObservedCycle? cycle = null, PageOperations? operations = null, IReadOnlyDictionary<MemberKey, IReadOnlyList<long?>>? plots = null)
    {
        var calls = Clusters.Calls(view);
        var latencies = new LatencySample();
        if (cycle is not null)
        {
            latencies.Take(cycle.Destinations, Clusters.Now);
        }

        return new PageBuilder("c", proxy, calls).Build(
            isKnown: true, Answering, StatusOptions.Default.Findings(calls), new PageMembers(calls, cycle, latencies, plots ?? new Dictionary<MemberKey, IReadOnlyList<long?>>()), operations ?? PageOperations.None);
    }

    public static ObservedCycle Cycle(params ListedDestination[] list) => new(Clusters.Now, list, [], 57);

    public static ListedDestination Entry(string uri, ListedState state = ListedState.Active, string attributes = "kamrpc=c", double? latency = null) => new(1, uri, state, true, 0, attributes) { Latency = latency };

    /// <summary>A cluster of so many members, each as it should be.</summary>
    public static ClusterView Fleet(int count) => Clusters.View([.. Enumerable.Range(1, count).Select(static number => Clusters.Ready($"m{number:000}", $"sip:10.0.{number / 250}.{(number % 250) + 1}:5060"))], ("p1", Clusters.Report(count)));
}

/// <summary>A store that says what a test says.</summary>
internal sealed class FakePageStore : IPageStore
{
    public ClusterView View { get; set; } = PageRig.Fleet(3);

    /// <summary>How often it was read.</summary>
    public int Readings { get; private set; }

    public Exception? Failure { get; set; }

    public string WhyRefused => "not allowed";

    public Task<PageReading> ReadAsync(PageReading? last, CancellationToken cancellationToken)
    {
        Readings++;
        return Failure is { } failure ? Task.FromException<PageReading>(failure) : Task.FromResult(new PageReading(View, PageOperations.None));
    }
}
