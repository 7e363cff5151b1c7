namespace KamRpcDispatcher.Destinations;

/// <summary>One entry of Kamailio's dispatcher list, as <c>dispatcher.list</c> shows it.</summary>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text, by which Kamailio identifies the entry.</param>
/// <param name="State">The first letter of FLAGS.</param>
/// <param name="Probing">Whether the second letter of FLAGS is P: Kamailio sends OPTIONS to it.</param>
/// <param name="Priority">PRIORITY; the higher comes first.</param>
/// <param name="Attributes">ATTRS.BODY, empty where there is none.</param>
public sealed record ListedDestination(int Set, string Uri, ListedState State, bool Probing, int Priority, string Attributes)
{
    /// <summary>The calls that Kamailio counts on it, for algorithm 10; 0 where it counts none.</summary>
    public int Calls { get; init; }

    /// <summary>ATTRS.MAXLOAD: the calls that it takes at a time, for algorithm 10; 0 for any number.</summary>
    public int MaxLoad { get; init; }

    /// <summary>Whether its attributes are shown as they are. Whoever wrote what cannot be shown was not this tool.</summary>
    public bool IsExact { get; init; } = true;

    /// <summary>LATENCY.EST: how long pings are answered in, in milliseconds; null where Kamailio keeps no such figure (<c>ds_ping_latency_stats</c>).</summary>
    public double? Latency { get; init; }

    /// <summary>Whether the entry is the same. Its latency is another one after each ping, and is no news.</summary>
    public bool Equals(ListedDestination? other) => other is not null
        && (Set, State, Probing, Priority, Calls, MaxLoad, IsExact) == (other.Set, other.State, other.Probing, other.Priority, other.Calls, other.MaxLoad, other.IsExact)
        && Uri == other.Uri && Attributes == other.Attributes;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Set, Uri, State, Priority);

    /// <summary>Whether Kamailio may send calls there now (a trying destination is still in use).</summary>
    public bool IsRoutable => State is ListedState.Active or ListedState.Trying;
}
