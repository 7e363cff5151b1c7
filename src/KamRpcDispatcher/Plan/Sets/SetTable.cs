using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Sets;

/// <summary>One set of Kamailio's list: what is ours, what is somebody else's, and which entry a call to Kamailio reaches.</summary>
internal sealed class SetTable
{
    private readonly string _cluster;
    private readonly HashSet<string> _foreignEndpoints;
    private readonly HashSet<string> _routableForeign;

    // Kamailio finds a destination by its text: "remove" to the letter, "set_state" without regard to case.
    private readonly HashSet<string> _foreignTexts;
    private readonly ILookup<string, ListedDestination> _byText;

    /// <summary>As a rule: then nobody need be told from another one by his name.</summary>
    private readonly bool _isEachTextOnce;
    private readonly Lazy<ILookup<string, ListedDestination>> _byDuid;
    private readonly Lazy<ILookup<string, string>> _endpointsOfNames;

    public SetTable(IReadOnlyList<ListedDestination> listed, IEnumerable<Member> members, string cluster)
    {
        _cluster = cluster;
        Own = listed.Where(IsOwn).ToLookup(static entry => Spelling.EndpointOf(entry.Uri));
        var foreign = listed.Where(entry => !IsOwn(entry)).ToList();
        _foreignEndpoints = [.. foreign.Where(static entry => entry.State != ListedState.Disabled).Select(static entry => Spelling.EndpointOf(entry.Uri))];
        _routableForeign = [.. foreign.Where(static entry => entry.IsRoutable).Select(static entry => Spelling.EndpointOf(entry.Uri))];
        _foreignTexts = [.. foreign.Select(static entry => entry.Uri)];
        _byText = listed.ToLookup(static entry => entry.Uri, StringComparer.OrdinalIgnoreCase);
        _isEachTextOnce = _byText.Count == listed.Count;
        _byDuid = new(() => listed.ToLookup(static entry => AttributeText.Duid(entry.Attributes) ?? string.Empty, StringComparer.OrdinalIgnoreCase), LazyThreadSafetyMode.None);
        _endpointsOfNames = new(() => members.ToLookup(static member => member.Key.Name, static member => member.Uri.Endpoint, StringComparer.OrdinalIgnoreCase), LazyThreadSafetyMode.None);
        Priorities = [.. listed.Select(static entry => entry.Priority)];
    }

    /// <summary>Own entries by endpoint, in Kamailio's order.</summary>
    public ILookup<string, ListedDestination> Own { get; }

    /// <summary>Those that are taken.</summary>
    public HashSet<int> Priorities { get; }

    public bool IsOwn(ListedDestination entry) => AttributeText.IsOwn(entry, _cluster);

    /// <summary>Whether anything is somebody else's.</summary>
    public bool HasForeigners => _foreignTexts.Count > 0;

    /// <summary>Whether somebody else has put the endpoint there, and has not switched it off.</summary>
    public bool HasForeign(string endpoint) => _foreignEndpoints.Contains(endpoint);

    /// <summary>Whether calls go to the endpoint by somebody else's entry.</summary>
    public bool IsForeignRoutable(string endpoint) => _routableForeign.Contains(endpoint);

    /// <summary>Whether a remove of the text would take somebody else's entry.</summary>
    public bool HasForeignText(string text) => _foreignTexts.Contains(text);

    public bool HasText(string text) => _byText.Contains(text);

    /// <summary>Whether somebody else has the text, whatever the case of its letters: no state change by it is ours then.</summary>
    public bool HasForeignTextOfAnyCase(string text) => HasForeigners && _byText[text].Any(entry => !IsOwn(entry));

    /// <summary>Whether nobody else has the text, so that a state change and a remove reach this entry and no other.</summary>
    public bool IsOnlyOne(ListedDestination entry) => _isEachTextOnce || _byText[entry.Uri].Count() == 1;

    /// <summary>Whether a state change reaches this entry and no other, and no other of ours has its text.</summary>
    public bool IsReachable(ListedDestination entry) => IsOnlyOne(entry) || (_byText[entry.Uri].Count(IsOwn) == 1 && DuidAlone(entry) is not null);

    /// <summary>
    /// The name by which a state change reaches this entry and no other where somebody else has its text; null where the text is enough, or
    /// nothing is. The order of entries of one text changes with every rebuild, so no call by that text is safe; nor is one by the name of a
    /// member who comes with another address.
    /// </summary>
    public string? DuidFor(ListedDestination entry) => IsOnlyOne(entry) ? null : DuidAlone(entry);

    private string? DuidAlone(ListedDestination entry) =>
        AttributeText.Duid(entry.Attributes) is { Length: > 0 } duid && _byDuid.Value[duid].Count() == 1
            && _endpointsOfNames.Value[duid].All(endpoint => endpoint == Spelling.EndpointOf(entry.Uri)) ? duid : null;
}
