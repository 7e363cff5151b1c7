using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Tests.Plan;

/// <summary>Kamailio's list, as far as changes act on it.</summary>
internal sealed class ListModel(IEnumerable<ListedDestination> entries)
{
    public List<ListedDestination> Entries { get; private set; } = [.. entries];

    public void Apply(IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            Apply(change);
        }
    }

    public void Apply(Change change)
    {
        switch (change)
        {
            case AddDestination add:
                var state = (add.Flags & 7) switch { 1 => ListedState.Inactive, 2 => ListedState.Trying, 4 => ListedState.Disabled, _ => ListedState.Active };
                Rebuild(Entries.Append(new ListedDestination(add.Set, add.Uri, state, (add.Flags & 8) != 0, add.Priority, add.Attributes)));
                break;
            case RemoveDestination:
                Rebuild(Entries.Where(entry => entry.Set != change.Set || entry.Uri != change.Uri));
                break;
            case EnableDestination { Duid: { } name } named:
                SetState(entry => entry.Set == change.Set && string.Equals(AttributeText.Duid(entry.Attributes), name, StringComparison.OrdinalIgnoreCase), named.State);
                break;
            case EnableDestination enable:
                SetState(change, enable.State);
                break;
            case DisableDestination { Duid: { } duid }:
                SetState(entry => entry.Set == change.Set && string.Equals(AttributeText.Duid(entry.Attributes), duid, StringComparison.OrdinalIgnoreCase), ListedState.Disabled);
                break;
            case DisableDestination:
                SetState(change, ListedState.Disabled);
                break;
        }
    }

    // Every rebuild inserts the entries anew, each before those of equal priority.
    private void Rebuild(IEnumerable<ListedDestination> entries)
    {
        var rebuilt = new List<ListedDestination>();
        foreach (var entry in entries)
        {
            var place = rebuilt.FindIndex(other => other.Set == entry.Set && other.Priority <= entry.Priority);
            rebuilt.Insert(place < 0 ? rebuilt.Count : place, entry);
        }

        Entries = rebuilt;
    }

    private void SetState(Change change, ListedState state) =>
        SetState(entry => entry.Set == change.Set && string.Equals(entry.Uri, change.Uri, StringComparison.OrdinalIgnoreCase), state);

    private void SetState(Predicate<ListedDestination> isMeant, ListedState state)
    {
        var place = Entries.FindIndex(isMeant);
        if (place >= 0)
        {
            Entries[place] = Entries[place] with { State = state };
        }
    }
}
