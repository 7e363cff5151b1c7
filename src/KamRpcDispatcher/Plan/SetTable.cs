using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>One set of Kamailio's list: what is ours, what is somebody else's, and which entry a call to Kamailio reaches.</summary>
internal sealed class SetTable
{
    private readonly string _cluster;
    private readonly HashSet<string> _foreignEndpoints;

    // Kamailio finds a destination by its text: "remove" to the letter, "set_state" without regard to case.
    private readonly HashSet<string> _foreignTexts;
    private readonly ILookup<string, ListedDestination> _byText;
    private readonly ILookup<string, ListedDestination> _byDuid;
    private readonly HashSet<string> _names;

    public SetTable(IReadOnlyList<ListedDestination> listed, IEnumerable<Member> members, string cluster)
    {
        _cluster = cluster;
        Own = listed.Where(IsOwn).ToLookup(static entry => Spelling.EndpointOf(entry.Uri));
        var foreign = listed.Where(entry => !IsOwn(entry)).Select(static entry => entry.Uri).ToList();
        _foreignEndpoints = [.. foreign.Select(Spelling.EndpointOf)];
        _foreignTexts = [.. foreign];
        _byText = listed.ToLookup(static entry => entry.Uri, StringComparer.OrdinalIgnoreCase);
        _byDuid = listed.ToLookup(static entry => AttributeText.Duid(entry.Attributes) ?? string.Empty, StringComparer.OrdinalIgnoreCase);
        _names = members.Select(static member => member.Key.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Priorities = [.. listed.Select(static entry => entry.Priority)];
    }

    /// <summary>Own entries by endpoint, in Kamailio's order.</summary>
    public ILookup<string, ListedDestination> Own { get; }

    /// <summary>Those that are taken.</summary>
    public HashSet<int> Priorities { get; }

    public bool IsOwn(ListedDestination entry) => entry.IsExact && AttributeText.IsOwn(entry.Attributes, _cluster);

    public bool HasForeign(string endpoint) => _foreignEndpoints.Contains(endpoint);

    /// <summary>Whether a remove of the text would take somebody else's entry.</summary>
    public bool HasForeignText(string text) => _foreignTexts.Contains(text);

    public bool HasText(string text) => _byText.Contains(text);

    /// <summary>Whether nobody else has the text, so that a state change and a remove reach this entry and no other.</summary>
    public bool IsOnlyOne(ListedDestination entry) => _byText[entry.Uri].Count() == 1;

    /// <summary>What disables this entry and no other; null where nothing does. The order of entries of one text changes with every rebuild, so no call by that text is safe; nor is one by the name of a member who comes with another address.</summary>
    public DisableDestination? Disable(ListedDestination entry)
    {
        var disable = new DisableDestination(entry.Set, entry.Uri);
        return IsOnlyOne(entry) ? disable
            : AttributeText.Duid(entry.Attributes) is { Length: > 0 } duid && _byDuid[duid].Count() == 1 && !_names.Contains(duid) ? disable with { Duid = duid }
            : null;
    }
}
