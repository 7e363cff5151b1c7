using System.Collections.Immutable;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Knows since when each deviation is there, and tells the worst ones.</summary>
internal sealed class DeviationTracker(TimeProvider timeProvider)
{
    private Dictionary<(string Kind, int Set, string Name, string Uri), Moment> _since = [];

    /// <summary>Takes note of all that there is; what is not there any more is over.</summary>
    /// <returns>The worst ones, as many as a report holds, each with its beginning.</returns>
    public ImmutableArray<Deviation> Track(IReadOnlyList<Deviation> found)
    {
        var since = new Dictionary<(string, int, string, string), Moment>(found.Count);
        foreach (var deviation in found)
        {
            since[KeyOf(deviation)] = _since.TryGetValue(KeyOf(deviation), out var before) ? before.Told(timeProvider) : Moment.At(timeProvider);
        }

        _since = since;
        return
        [
            .. found.OrderBy(static deviation => DeviationKind.WorstFirst.IndexOf(deviation.Kind))
                .ThenBy(static deviation => deviation.Set)
                .ThenBy(static deviation => deviation.Name, StringComparer.Ordinal)
                .ThenBy(static deviation => deviation.Uri, StringComparer.Ordinal)
                .Take(Deviation.MostInReport)
                .Select(deviation => deviation with { Since = since[KeyOf(deviation)].Utc }),
        ];
    }

    private static (string Kind, int Set, string Name, string Uri) KeyOf(Deviation deviation) => (deviation.Kind, deviation.Set, deviation.Name, deviation.Uri);
}
