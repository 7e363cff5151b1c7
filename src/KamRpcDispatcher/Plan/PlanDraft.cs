namespace KamRpcDispatcher.Plan;

/// <summary>Collects changes and puts them in the order that never shrinks a set before it has grown.</summary>
internal sealed class PlanDraft
{
    private readonly List<Change> _enables = [];
    private readonly List<Change> _adds = [];
    private readonly List<Change> _disables = [];
    private readonly List<Change> _silencings = [];
    private readonly List<Change> _replacements = [];
    private readonly List<Change> _removes = [];
    private readonly List<Skip> _skips = [];

    public void Enable(int set, string uri, bool isProbed) => _enables.Add(new EnableDestination(set, uri, isProbed));

    public void Add(AddDestination add) => _adds.Add(add);

    public void Disable(int set, string uri) => _disables.Add(new DisableDestination(set, uri));

    public void Remove(int set, string uri) => _removes.Add(new RemoveDestination(set, uri));

    /// <summary>For what cannot be silenced otherwise.</summary>
    public void RemoveAtOnce(int set, IEnumerable<string> uris) => _silencings.AddRange(uris.Select(uri => new RemoveDestination(set, uri)));

    /// <summary>Kamailio changes neither attributes nor priority in place.</summary>
    public void Replace(IEnumerable<string> listedUris, AddDestination add)
    {
        _replacements.AddRange(listedUris.Select(uri => new RemoveDestination(add.Set, uri)));
        _replacements.Add(add);
    }

    public void Skip(Skip skip) => _skips.Add(skip);

    /// <summary>What is disabled already comes last: nobody waits for its removal.</summary>
    public ChangePlan ToPlan() => new([.. _enables, .. _adds, .. _disables, .. _silencings, .. _replacements, .. _removes], _skips);
}
