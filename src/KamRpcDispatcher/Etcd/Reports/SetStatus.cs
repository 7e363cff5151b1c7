using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What one set of Kamailio's list holds.</summary>
/// <param name="Destinations">Its entries, an operator's too.</param>
/// <param name="Routable">Those that may get calls.</param>
public readonly record struct SetStatus(int Destinations, int Routable)
{
    /// <summary>The ready members of the set; null in a report of a version that did not say it.</summary>
    public int? Wanted { get; init; }

    /// <summary>Those of them that may get calls; null in a report of a version that did not say it.</summary>
    public int? Serving { get; init; }

    /// <summary>The calls that its routable destinations take, where each of them has as many as it takes (algorithm 10); null where one has room.</summary>
    public long? Full { get; init; }

    /// <summary>How many changes are owed in it.</summary>
    public int Drift { get; init; }

    /// <summary>How many expired members of it are held back.</summary>
    public int Held { get; init; }

    /// <summary>How many of its destinations Kamailio refuses.</summary>
    public int Refused { get; init; }

    /// <summary>Whose members get the calls; null where the proxy prefers no zone, and in a report of a version that did not say it.</summary>
    public ZoneUse? Zone { get; init; }

    /// <summary>Whether no ready member is announced in it, and no destination may get calls, whoever put it there: a call to it fails.</summary>
    public bool HasNobody => this is { Wanted: 0, Routable: 0 };

    /// <summary>Whether there is nothing to tell of it. Of sets that a report has no room for all are so where it names one that is: those are left out first.</summary>
    public bool IsFine => Urgency == LeastUrgent;

    private const int LeastUrgent = 4;

    /// <summary>Those first to whom calls fail, then those of which some members get none, then those in which something is still to be done.</summary>
    internal int Urgency => this switch
    {
        { Routable: 0, Wanted: > 0 } => 0,
        { Routable: 0 } => 1,
        _ when Serving < Wanted || Full is not null => 2,
        { Drift: > 0 } or { Held: > 0 } or { Refused: > 0 } or { Zone: ZoneUse.All or ZoneUse.Absent } => 3,
        _ => LeastUrgent,
    };
}
