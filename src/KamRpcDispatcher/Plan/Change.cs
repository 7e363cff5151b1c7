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
/// <param name="Flags">Kamailio's flag bits: 1 inactive, 2 trying, 8 probing.</param>
/// <param name="Priority">Kamailio's priority; 0 where the release takes none over RPC.</param>
/// <param name="Attributes">The text of <c>attrs</c>.</param>
public sealed record AddDestination(int Set, string Uri, int Flags, int Priority, string Attributes) : Change(Set, Uri)
{
    public override bool IsStructural => true;
}

/// <summary>Removes every copy of a destination.</summary>
public sealed record RemoveDestination(int Set, string Uri) : Change(Set, Uri)
{
    public override bool IsStructural => true;
}

/// <summary>Lets a disabled destination take calls again.</summary>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text.</param>
/// <param name="IsProbed">Whether only after Kamailio's first good reply to a probe.</param>
public sealed record EnableDestination(int Set, string Uri, bool IsProbed) : Change(Set, Uri)
{
    public override bool IsStructural => false;
}

/// <summary>Stops new calls to a destination; those that are up go on.</summary>
public sealed record DisableDestination(int Set, string Uri) : Change(Set, Uri)
{
    public override bool IsStructural => false;
}
