using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace KamailioRpc.Commands;

/// <summary>What <c>dispatcher.list</c> answered: the destinations in Kamailio's order, and what there was beside them.</summary>
/// <param name="destinations">Those that were understood; the list itself enumerates them too.</param>
/// <param name="unreadable">Those that were not. They are there, though nothing can be done to them.</param>
/// <param name="length">See <see cref="Length"/>.</param>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is Kamailio's word.")]
public sealed class DispatcherList(IReadOnlyList<DispatcherDestination> destinations, IReadOnlyList<UnreadableEntry> unreadable, int length) : IReadOnlyList<DispatcherDestination>
{
    /// <summary>A list without an entry.</summary>
    public static DispatcherList Empty { get; } = new([], [], 0);

    /// <summary>The entries that could be understood, in Kamailio's order.</summary>
    public IReadOnlyList<DispatcherDestination> Destinations => destinations;

    /// <summary>The entries that could not.</summary>
    public IReadOnlyList<UnreadableEntry> Unreadable => unreadable;

    /// <summary>
    /// The bytes of the whole reply as it came over the transport, to be compared with <see cref="KamailioAddress.ReplyLimit"/>: the same list is as
    /// long by another address of the same protocol, and longer where Kamailio's <c>pretty_format</c> is 1. 0 for an empty table.
    /// </summary>
    public int Length => length;

    /// <summary>How many could be understood.</summary>
    public int Count => destinations.Count;

    /// <summary>One of those that could be understood.</summary>
    public DispatcherDestination this[int index] => destinations[index];

    /// <inheritdoc/>
    public IEnumerator<DispatcherDestination> GetEnumerator() => destinations.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>An entry of the list that cannot be understood, so that it can be named and left alone. Equal while it stays as it is.</summary>
/// <param name="Set">Its set; null where that has no number that can be read.</param>
/// <param name="Text">Its URI where there is one, else its JSON: printable and short, not to be sent back.</param>
/// <param name="Reason">What is the matter with it.</param>
public sealed record UnreadableEntry(int? Set, string Text, string Reason);
