namespace KamRpcDispatcher.Testing;

/// <summary>
/// The module's destination table. Like the real one it is rebuilt as a whole at every structural change: each destination is
/// put before those of the same or a lower priority, in the order of the old table, which turns equal priorities round in
/// every set. Not thread-safe.
/// </summary>
internal sealed class DispatcherTable
{
    private readonly List<(int Set, string Uri, int Flags, int Priority, string? Attrs)> _file = [];
    private SortedDictionary<int, List<Entry>> _sets = [];
    private bool _descending;

    public IEnumerable<FakeDestination> Destinations => Sets.SelectMany(set => set.Value.Select(entry => entry.Shown(set.Key)));

    /// <summary>
    /// The real order follows a search tree that is rebuilt with the table. Here it turns round at each rebuild:
    /// nobody may count on any.
    /// </summary>
    private IEnumerable<KeyValuePair<int, List<Entry>>> Sets => _descending ? _sets.Reverse() : _sets;

    /// <returns>False when the URI is not usable; the table is rebuilt even so when <paramref name="anyway"/>, as in load mode 0.</returns>
    public bool Add(int set, string address, int flags, int priority, string? attrs, bool anyway)
    {
        var uri = SipTarget.Accept(address, flags);
        if (uri is null && !anyway)
        {
            return false;
        }

        Rebuild((_, _) => true);
        if (uri is not null)
        {
            Insert(set, new Entry(uri, flags, priority, attrs));
        }

        return uri is not null;
    }

    /// <summary>Adds a line to the list file and its destination to the table.</summary>
    public void AddToFile(int set, string uri, int flags, int priority, string? attrs)
    {
        _file.Add((set, uri, flags, priority, attrs));
        Add(set, uri, flags, priority, attrs, anyway: true);
    }

    /// <summary>Drops every copy; a URI that is not there still costs a rebuild.</summary>
    /// <returns>False when the URI is not usable, which changes nothing.</returns>
    public bool Remove(int set, string address)
    {
        var uri = SipTarget.Accept(address, 0);
        if (uri is not null)
        {
            Rebuild((id, entry) => id != set || entry.Uri != uri);
        }

        return uri is not null;
    }

    /// <summary>Sets the state of the first copy, or of a whole set for "all"; the bits for no DNS and no ping are lost with it.</summary>
    /// <returns>False when the destination is not there; "all" of an absent set is fine.</returns>
    public bool SetState(int set, string uri, int flags)
    {
        var entries = _sets.GetValueOrDefault(set, []);
        if (uri == "all")
        {
            entries.ForEach(entry => entry.Flags = flags);
            return true;
        }

        var found = entries.Find(entry => entry.Uri.Equals(uri, StringComparison.OrdinalIgnoreCase));
        found?.Flags = flags;
        return found is not null;
    }

    /// <summary>Sets the state of the first destination with that <c>duid</c>, whatever the case of its letters.</summary>
    public bool SetDuidState(int set, string duid, int flags)
    {
        var found = _sets.GetValueOrDefault(set, []).Find(entry =>
            entry.Attrs?.Split(';').Any(attribute => attribute.Equals("duid=" + duid, StringComparison.OrdinalIgnoreCase)) ?? false);
        found?.Flags = flags;
        return found is not null;
    }

    /// <summary>Reads the list file anew: everything else is gone, and so are the states that were set since.</summary>
    public void Reload()
    {
        _sets = [];
        _descending = !_descending;
        foreach (var (set, uri, flags, priority, attrs) in _file)
        {
            Insert(set, new Entry(uri, flags, priority, attrs));
        }
    }

    private void Rebuild(Func<int, Entry, bool> keep)
    {
        var old = _sets;
        _sets = [];
        _descending = !_descending;
        foreach (var (set, entries) in old)
        {
            // Every destination is resolved again: one that no longer resolves is dropped by the change of another.
            foreach (var entry in entries.Where(entry => keep(set, entry) && SipTarget.Accept(entry.Uri, entry.Flags) is not null))
            {
                Insert(set, entry);
            }
        }
    }

    private void Insert(int set, Entry entry)
    {
        if (!_sets.TryGetValue(set, out var entries))
        {
            _sets[set] = entries = [];
        }

        var place = entries.FindIndex(other => other.Priority <= entry.Priority);
        entries.Insert(place < 0 ? entries.Count : place, entry);
    }

    private sealed class Entry(string uri, int flags, int priority, string? attrs)
    {
        public string Uri => uri;

        public int Flags { get; set; } = flags;

        public int Priority => priority;

        public string? Attrs => attrs;

        public FakeDestination Shown(int set) =>
            new(set, uri, DestinationFlags.Letters(Flags), priority, string.IsNullOrEmpty(attrs) ? null : attrs);
    }
}
