using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>How a proxy is, in words.</summary>
/// <param name="calls">The cluster.</param>
internal sealed class ProxyText(ClusterCalls calls)
{
    /// <summary>Its Kamailio: the release, or since when it does not answer.</summary>
    public Cell Kamailio(ProxyLens lens, ProxyStatus status) => status.Contact switch
    {
        { Answers: false } contact => new Cell($"LOST for {Ages.Show(calls.Now - contact.Since)}", Tone.Bad),
        _ when lens.LostTrouble is { } trouble => new Cell($"LOST for {Ages.Show(calls.Now - trouble.Since)}", Tone.Bad),
        null => new Cell(status.Kamailio.Length > 0 ? $"{status.Kamailio} (?)" : "not seen yet", Tone.Odd),
        _ => status.Kamailio,
    };

    /// <summary>Whether it is in step, in a word or two.</summary>
    public Cell State(ProxyLens lens, ProxyStatus status) => State(lens, status, calls.Cluster.Behind(status));

    private Cell State(ProxyLens lens, ProxyStatus status, long behind) =>
        lens.Age.Freshness == ReportFreshness.Stale ? new Cell("report stale", Tone.Bad)
        : lens.Age.Freshness == ReportFreshness.Doubtful ? new Cell("report old?", Tone.Odd)
        : lens.IsKamailioLost ? new Cell("of before", Tone.Odd)
        : status.Hangs ? new Cell("HANGS", Tone.Bad)
        : lens.Lag.IsLate ? new Cell("not following", Tone.Bad)
        : status.Troubles.Length > 0 ? new Cell(string.Join(',', status.Troubles.Select(static trouble => SafeText.Shorten(trouble.Kind, 20)).Distinct().Take(3)), Tone.Bad)
        : lens.IsOfOlderVersion ? new Cell("not known", Tone.Odd)
        : status.IsFromSnapshot ? new Cell("from snapshot", Tone.Odd)
        : calls.LacksIntents(lens) ? new Cell("no intents", Tone.Odd)
        : behind == 0 && status.OwesOnlyRefused && !lens.IsAtChanges && lens.Lag.Records == 0 ? new Cell(FormattableString.Invariant($"{status.Drift} refused"), Tone.Odd)
        : behind > 0 || status.Drift > 0 || lens.IsAtChanges || lens.Lag.Records > 0 ? new Cell("not yet", Tone.Odd)
        : status.IsDrained ? new Cell("drained", Tone.Odd)
        : new Cell("synced", Tone.Good);
}
