using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Finds what of a list is not as the membership wishes it, and how many ready members of each set get calls. Pure; the times of beginning are the tracker's.</summary>
internal sealed class DeviationFinder
{
    private const int LongestReason = 160;

    private readonly CycleView _view;
    private readonly EntryIndex _entries;
    private readonly DeviationReasons _reasons;
    private readonly MemberIndex _members;
    private readonly Lazy<Dictionary<MemberKey, ListedDestination>> _before;
    private readonly List<Deviation> _found = [];
    private readonly Dictionary<int, SetShare> _sets = [];

    private DeviationFinder(CycleView view)
    {
        _view = view;
        _before = new(Predecessors, LazyThreadSafetyMode.None);
        _entries = new EntryIndex([.. view.Table.Destinations.Where(entry => view.Policy.Manages(entry.Set) && !Sentinel.Is(entry))]);
        _reasons = new DeviationReasons(view);
        _members = new MemberIndex(view, _reasons.Superseded.Keys);
    }

    public static ListComparison Compare(CycleView view) => new DeviationFinder(view).Compare();

    private ListComparison Compare()
    {
        // A set that is named, or was in use, has somebody who expects it to be served, also where nothing is left of it.
        foreach (var set in _entries.Sets.Union(_view.Policy.Sets ?? new HashSet<int>()).Union(_view.Deserted).Where(static set => set != Sentinel.Set))
        {
            _sets[set] = default;
        }

        foreach (var member in _view.Membership.Members.Where(member => member.State == MemberState.Ready && _view.Policy.Manages(member.Key.Set)))
        {
            Ready(member, member);
        }

        // They get calls by their classes alone.
        foreach (var member in _view.Membership.Members.Where(member => _view.Membership.Apart.Contains(member.Key) && _view.Policy.Manages(member.Key.Set)))
        {
            Ready(member, member with { Key = _view.Membership.ClassKeys[member.Key].Append(member.Key).First() });
        }

        foreach (var member in _view.Held)
        {
            Add(DeviationKind.Held, member, _entries.Of(member), "gone, or not ready any more, with many others", _reasons.KeptUntil(member, _view.Hold));
        }

        foreach (var member in _view.Doubted)
        {
            Add(DeviationKind.Held, member, _entries.Of(member), DeviationKind.MayBeBack, _reasons.KeptUntil(member, ExpiredMember.Doubt));
        }

        // Whether it is still wanted a membership does not know that was saved before.
        foreach (var entry in _entries.All.Where(entry => !_view.Membership.IsFromSnapshot && AttributeText.IsOwn(entry, _view.Policy.Cluster) && !_members.IsWanted(entry)))
        {
            Unwanted(entry);
        }

        foreach (var skip in _view.Plan.Skips.Where(static skip => skip is { Reason: SkipReason.Unsilenced, Member: not null }))
        {
            // Not by an entry of ours, which was found before.
            if (_members.Find(skip.Member!.Value) is { } member)
            {
                Add(DeviationKind.Serving, member, [.. _entries.Of(member).Where(static entry => entry.IsRoutable)], "not to get calls, and somebody else has put its address there");
            }
        }

        return new ListComparison([.. _found.Select(AtHome).OfType<Deviation>().DistinctBy(static deviation => (deviation.Kind, deviation.Set, deviation.Name, deviation.Uri))], _sets)
        {
            Clearing = _view.Plan.Disables.Concat<Change>(_view.Plan.Silencings).Concat(_view.Plan.Removes).Count(change => IsLeftOver(change.Set)),
        };
    }

    /// <summary>
    /// Of a class only that somebody is served who is not to be, and that of the home set, since nobody knows a class by its number: what is missing there is shared in the home set, and by a class that no map names
    /// nobody is served.
    /// </summary>
    private Deviation? AtHome(Deviation deviation)
    {
        if (!ClassSets.Has(deviation.Set))
        {
            return deviation;
        }

        if (deviation.Kind != DeviationKind.Serving || IsLeftOver(deviation.Set))
        {
            return null;
        }

        if (_view.Classes?.TryGetValue(deviation.Set, out var named) != true)
        {
            return deviation;
        }

        // Whoever changes its class gets calls by both for a moment, and is to get some.
        var home = new MemberKey(named.Home, deviation.Name);
        if (_view.Membership.Apart.Contains(home) || _members.Find(home) is { State: MemberState.Ready })
        {
            return null;
        }

        var where = named.Class is { } name ? $"in the class {SafeText.Shorten(name)} of the set" : "in a class of the set";
        return deviation with { Set = named.Home, Reason = Line(deviation.Reason is { } reason ? $"{where}: {reason}" : where) };
    }

    private bool IsLeftOver(int set) => ClassSets.Has(set) && _view.Classes?.ContainsKey(set) == false;

    /// <param name="member">A member that is to get calls.</param>
    /// <param name="standing">The same where it is to get them.</param>
    private void Ready(Member member, Member standing)
    {
        var share = _sets.GetValueOrDefault(member.Key.Set);
        var entries = _entries.Of(standing);
        if (_reasons.Superseded.TryGetValue(member.Key, out var holder))
        {
            Add(DeviationKind.Superseded, member, entries, $"{holder.Name} has its address");
        }
        else if (entries.Any(static entry => entry.IsRoutable))
        {
            share = share with { Serving = share.Serving + 1 };
        }
        else if (entries.Count > 0)
        {
            Unserved(member, standing, entries);
        }
        else if (_reasons.RefusalOf(standing) is { } refusal)
        {
            Add(DeviationKind.Refused, member, entries, _before.Value.GetValueOrDefault(member.Key) is { } before ? $"{refusal.Reason}; calls go on to {before.Uri}, where it was before" : refusal.Reason, refusal.RetryAt);
        }
        else
        {
            Add(DeviationKind.Missing, member, entries, _reasons.Skipped(standing.Key.Set, standing.Uri.Text));
        }

        _sets[member.Key.Set] = share with { Wanted = share.Wanted + 1 };
    }

    private void Unserved(Member member, Member standing, IReadOnlyList<ListedDestination> entries)
    {
        var dead = entries.Where(static entry => entry.State == ListedState.Inactive).ToList();
        if (dead.Count == 0)
        {
            Add(DeviationKind.Disabled, member, entries, _reasons.RefusalOf(standing) is { } refusal ? $"refused: {refusal.Reason}" : _reasons.Skipped(standing.Key.Set, standing.Uri.Text));
            return;
        }

        var awaitsProof = _view.Policy.AwaitingProof.Contains(new EndpointKey(standing.Key.Set, standing.Uri.Endpoint));
        Add(DeviationKind.Inactive, member, dead, awaitsProof ? "waits for Kamailio's first good ping" : dead[0].Probing ? null : "set so by a script or by hand, and not pinged");
    }

    /// <summary>Where members were before they came with an address that cannot be put into Kamailio, and take calls until it can.</summary>
    private Dictionary<MemberKey, ListedDestination> Predecessors() => _entries.All
        .Where(entry => entry.IsRoutable && AttributeText.IsOwn(entry, _view.Policy.Cluster) && AttributeText.Duid(entry.Attributes) is not null && !_members.IsWanted(entry))
        .DistinctBy(static entry => new MemberKey(entry.Set, AttributeText.Duid(entry.Attributes)!))
        .ToDictionary(static entry => new MemberKey(entry.Set, AttributeText.Duid(entry.Attributes)!));

    private bool IsKept(ListedDestination entry) => entry.IsRoutable && AttributeText.Duid(entry.Attributes) is { } name
        && _members.Find(new MemberKey(entry.Set, name)) is { State: MemberState.Ready } member && _reasons.RefusalOf(member) is not null;

    /// <summary>An own entry at whose address no ready member is.</summary>
    private void Unwanted(ListedDestination entry)
    {
        if (IsKept(entry))
        {
            // Told of its member.
            return;
        }

        var member = _members.At(entry);
        if (member is null || entry.IsRoutable)
        {
            var reason = member is null ? _reasons.Left(entry) : _reasons.NotReady(member);
            var skipped = entry.IsRoutable ? _reasons.Skipped(entry.Set, entry.Uri) : null;
            _found.Add(new Deviation(
                entry.IsRoutable ? DeviationKind.Serving : DeviationKind.Leaving,
                entry.Set,
                member?.Key.Name ?? ReportText.Line(AttributeText.Duid(entry.Attributes) ?? "?", MemberValidation.MaxNameLength),
                ReportText.Line(entry.Uri, SipUri.MaxLength),
                default)
            {
                Flags = FlagsOf(entry),
                Reason = Line(string.Join("; ", new[] { reason, skipped }.OfType<string>())),
                Until = entry.IsRoutable || !_view.Removals.TryGetValue(new ListedKey(entry.Set, entry.Uri), out var removal) ? null : removal,
            });
        }
    }

    private void Add(string kind, Member member, IReadOnlyList<ListedDestination> entries, string? reason, DateTimeOffset? until = null) =>
        _found.Add(new Deviation(kind, member.Key.Set, member.Key.Name, member.Uri.Text, default)
        {
            Flags = entries.Count > 0 ? FlagsOf(entries[0]) : null,
            Reason = Line(reason),
            Until = until,
        });

    private static string? Line(string? reason) => string.IsNullOrEmpty(reason) ? null : ReportText.Line(reason, LongestReason);

    /// <summary>As <c>dispatcher.list</c> shows them.</summary>
    private static string FlagsOf(ListedDestination entry) => entry.State switch
    {
        ListedState.Active => "A",
        ListedState.Inactive => "I",
        ListedState.Disabled => "D",
        _ => "T",
    } + (entry.Probing ? "P" : "X");
}
