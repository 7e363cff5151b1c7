using System.Collections.Immutable;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What whoever leaves has to know of a proxy's report.</summary>
/// <param name="Silenced">The revision up to which every member that is to get no new calls gets none.</param>
/// <param name="Superseded">Members that the proxy leaves out, since another name has their address.</param>
/// <param name="Unnamed">How many more there are of those that leave while calls go to their address: whoever is not named may be one of them.</param>
internal sealed record ProxyProgress(long Silenced, ImmutableArray<SupersededMember> Superseded, int Unnamed)
{
    /// <summary>The sets that the proxy serves; empty for all, or where it does not say it.</summary>
    public ImmutableArray<int> Serves { get; init; } = [];

    /// <summary>Whether another proxy reports under its name too, so that the report may be the other one's in the next moment.</summary>
    public bool IsClashing { get; init; }

    /// <summary>The kinds of record that the proxy follows; empty where it does not say it.</summary>
    public ImmutableArray<string> Applies { get; init; } = [];

    /// <summary>How far operators' intents are in force there; null where they may not be read, or where it does not say it.</summary>
    public IntentsProgress? Intents { get; init; }

    /// <summary>How far operators' splits are in force there; null where they may not be read, or where it does not say it.</summary>
    public SplitsProgress? Splits { get; init; }

    /// <summary>What is wished of the proxy itself, as it has read it; null where it may not be read, or where it does not say it.</summary>
    public ProxyIntent? Intent { get; init; }

    public bool MayServe(int set) => Serves.IsEmpty || Serves.Contains(set);
}
