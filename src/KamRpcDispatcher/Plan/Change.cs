using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>One call to Kamailio's dispatcher. Identified, as in Kamailio, by the set and the URI's text.</summary>
public abstract record Change(int Set, string Uri)
{
    /// <summary>Whether Kamailio rebuilds its table for it; state changes are made in place.</summary>
    public abstract bool IsStructural { get; }
}

/// <summary>Adds a destination.</summary>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text.</param>
/// <param name="Flags">Kamailio's flag bits, see <see cref="DestinationFlags"/>.</param>
/// <param name="Priority">Kamailio's priority; 0 where the release takes none over RPC.</param>
/// <param name="Attributes">The text of <c>attrs</c>.</param>
public sealed record AddDestination(int Set, string Uri, int Flags, int Priority, string Attributes) : Change(Set, Uri)
{
    public override bool IsStructural => true;

    /// <summary>Whether calls go there as soon as it is added.</summary>
    public bool IsRoutable => (Flags & (DestinationFlags.Inactive | DestinationFlags.Disabled)) == 0;
}

/// <summary>Removes every copy of a destination.</summary>
public sealed record RemoveDestination(int Set, string Uri) : Change(Set, Uri)
{
    public override bool IsStructural => true;
}

/// <summary>Ends the disabled state of a destination.</summary>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text.</param>
/// <param name="State">
/// What it becomes: <see cref="ListedState.Active"/>, <see cref="ListedState.Trying"/>, or <see cref="ListedState.Inactive"/>, which ends
/// with Kamailio's first good reply to a probe.
/// </param>
public sealed record EnableDestination(int Set, string Uri, ListedState State = ListedState.Active) : Change(Set, Uri)
{
    /// <summary>Names the destination where somebody else has one of the same text; null where the text is enough.</summary>
    public string? Duid { get; init; }

    public override bool IsStructural => false;

    /// <summary>Whether calls go there from then on.</summary>
    public bool IsRoutable => State is ListedState.Active or ListedState.Trying;
}

/// <summary>Stops new calls to a destination; those that are up go on.</summary>
public sealed record DisableDestination(int Set, string Uri) : Change(Set, Uri)
{
    /// <summary>Names the destination where somebody else has one of the same text; null where the text is enough.</summary>
    public string? Duid { get; init; }

    public override bool IsStructural => false;
}

/// <summary>
/// Puts a destination in the place of others: Kamailio changes neither attributes nor priority in place. The newcomer is added first, so
/// that the set is never without it, and the others stay as they are when Kamailio refuses it.
/// </summary>
/// <param name="Add">The newcomer; disabled when <see cref="Enable"/> follows.</param>
/// <param name="Enable">Gives the newcomer the state of the one that it replaces, or asserts its own: Kamailio may answer "Ok" to an addition that it has not made. Null where nobody takes calls meanwhile.</param>
/// <param name="Disables">Takes the calls from those that it replaces.</param>
/// <param name="Removes">Removes those.</param>
public sealed record Replacement(AddDestination Add, EnableDestination? Enable, IReadOnlyList<DisableDestination> Disables, IReadOnlyList<RemoveDestination> Removes)
{
    /// <summary>Whether it takes a place that somebody has left for good: those that it replaces take no calls, and need not be taken any from.</summary>
    public bool TakesFreePlace => Enable is null && Disables.Count == 0;

    /// <summary>Its changes, in order.</summary>
    public IEnumerable<Change> Changes => [Add, .. Enable is null ? Array.Empty<Change>() : [Enable], .. Disables, .. Removes];

    public bool Equals(Replacement? other) => other is not null && Changes.SequenceEqual(other.Changes);

    public override int GetHashCode() => Add.GetHashCode();
}
