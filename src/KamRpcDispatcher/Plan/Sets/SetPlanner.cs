using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan.Sets;

/// <summary>Plans one set.</summary>
internal sealed class SetPlanner
{
    private readonly int _set;
    private readonly PlanPolicy _policy;
    private readonly ChangePlanBuilder _plan;
    private readonly SetTable _table;
    private readonly SetChanges _changes;
    private readonly SetAdditions _additions;
    private readonly SetStates _states;
    private readonly List<Member> _wanted;
    private readonly HashSet<string> _wantedEndpoints;

    /// <summary>Where calls go now and will go: not to those that this plan takes them from.</summary>
    private readonly HashSet<string> _stayingRoutable;
    private readonly List<ListedDestination> _freePlaces;

    /// <summary>Those who left and stay as they are until their successor is there.</summary>
    private readonly HashSet<string> _kept = [];

    public SetPlanner(int set, IReadOnlyList<Member> members, IReadOnlyList<ListedDestination> listed, PlanPolicy policy, ChangePlanBuilder plan)
    {
        _set = set;
        _policy = policy;
        _plan = plan;
        _table = new SetTable(listed, members, policy.Cluster);
        _changes = new SetChanges(set, _table, policy, plan);
        _additions = new SetAdditions(set, _table, policy);
        var claims = AddressClaim.Of(members, policy.Refuses);
        _wanted = [.. claims.Select(static claim => claim.Holder)];
        plan.Skips.AddRange(claims.SelectMany(claim => claim.Others.Select(member => Skip.Supersede(member, claim.Holder))));
        _wantedEndpoints = [.. _wanted.Select(static member => member.Uri.Endpoint)];
        var ready = _wanted.Where(static member => member.State == MemberState.Ready).Select(static member => member.Uri.Endpoint).ToHashSet();
        _stayingRoutable = [.. listed
            .Where(entry => entry.IsRoutable && (!_table.IsOwn(entry) || ready.Contains(Spelling.EndpointOf(entry.Uri))))
            .Select(static entry => Spelling.EndpointOf(entry.Uri))];
        _states = new SetStates(set, policy, _table, _additions, _wanted, _stayingRoutable);
        _freePlaces = policy.ReusesPlaces ? [.. Leaving().Where(static copies => copies.Count == 1 && copies[0].State == ListedState.Disabled).Select(static copies => copies[0])] : [];
    }

    public void Plan()
    {
        foreach (var member in _wanted)
        {
            PlanMember(member);
        }

        foreach (var copies in Leaving())
        {
            PlanLeaving(copies);
        }
    }

    private IEnumerable<List<ListedDestination>> Leaving() =>
        _table.Own.Where(group => !_wantedEndpoints.Contains(group.Key)).Select(static group => group.ToList());

    private void PlanMember(Member member)
    {
        var copies = _table.Own[member.Uri.Endpoint].ToList();
        if (member.State != MemberState.Ready)
        {
            _changes.Silence(copies);
            RemoveSpare(copies, member);
            if (_table.IsForeignRoutable(member.Uri.Endpoint))
            {
                // Calls go there all the same, by somebody else's entry.
                _changes.Skip(SkipReason.Unsilenced, member.Uri.Text, member.Key);
            }

            return;
        }

        if (_table.HasForeigners && (_table.HasForeign(member.Uri.Endpoint) || Array.TrueForAll(SetAdditions.Spellings(member), _table.HasForeignTextOfAnyCase)))
        {
            // A second copy would get a second share of the calls.
            _changes.Skip(SkipReason.UnmanagedDuplicate, member.Uri.Text, member.Key);
        }
        else if (copies.Count == 0)
        {
            PlanAdd(member);
        }
        else if (copies.FirstOrDefault(entry => _additions.IsAsAnnounced(entry, member) && _table.IsReachable(entry)) is { } listed)
        {
            PlanListed(listed, [.. copies.Where(entry => entry != listed)], member);
        }
        else
        {
            PlanReplacement(copies, member);
        }
    }

    /// <summary>A member that stands there as announced, perhaps beside others that it has replaced.</summary>
    private void PlanListed(ListedDestination entry, List<ListedDestination> replaced, Member member)
    {
        if (_policy.Forbidden(member) is { } names)
        {
            _plan.Skips.Add(new Skip(SkipReason.ListedThoughNotAllowed, _set, entry.Uri, member.Key) { Detail = names });
        }

        if (entry.State == ListedState.Disabled)
        {
            _changes.Enable(entry, _states.StateAfter(replaced, entry.Uri));
        }
        else if (entry.State == ListedState.Inactive && _policy.AwaitingProof.Contains(Key(entry.Uri)) && !_states.IsSomebodyElseRoutable(entry.Uri))
        {
            _changes.Enable(entry, ListedState.Active);
        }

        _changes.Silence(replaced);
        _changes.RemoveNow(replaced);
    }

    /// <summary>A replacement that was broken off has left a member that gets no calls twice: one is enough to come back to.</summary>
    private void RemoveSpare(List<ListedDestination> copies, Member member)
    {
        if ((copies.Find(entry => _additions.IsAsAnnounced(entry, member)) ?? copies.FirstOrDefault()) is { } kept)
        {
            _changes.RemoveNow(copies.FindAll(entry => !Equals(entry.Uri, kept.Uri)));
        }
    }

    private void PlanAdd(Member member)
    {
        var predecessors = Predecessors(member);
        var place = predecessors.Count > 0 ? null : _freePlaces.FirstOrDefault(free => PriorityEncoding.Matches(free.Priority, member, _policy.Order));
        var text = Array.Find(SetAdditions.Spellings(member), spelling => !_table.HasText(spelling))!;
        var add = _additions.Of(member, text, DestinationFlags.Probed(_states.FirstState(member.Uri.Text)), place?.Priority);
        _kept.UnionWith(SetChanges.Texts(predecessors));
        if (_changes.IsHeldBack(add, member))
        {
            return;
        }

        if (predecessors.Count > 0)
        {
            var (disables, removes) = (new List<DisableDestination>(), new List<RemoveDestination>());
            _changes.Silence(predecessors, disables, removes);
            _changes.RemoveNow(predecessors.FindAll(entry => IsDue(entry.Uri)), removes);
            _plan.Replacements.Add(new Replacement(add, new EnableDestination(_set, text, _states.FirstState(member.Uri.Text)), disables, removes));
            return;
        }

        if (place is null)
        {
            _plan.Adds.Add(add);
            return;
        }

        _freePlaces.Remove(place);
        _plan.Replacements.Add(new Replacement(add, null, [], [new RemoveDestination(_set, place.Uri)]));
    }

    /// <summary>
    /// What the member was before it came with another address, where nobody else takes calls: it goes when the new one is there, and stays
    /// when Kamailio refuses that.
    /// </summary>
    private List<ListedDestination> Predecessors(Member member) => _stayingRoutable.Count > 0
        ? []
        : [.. Leaving().SelectMany(static copies => copies).Where(entry =>
            entry.IsRoutable && string.Equals(AttributeText.Duid(entry.Attributes), member.Key.Name, StringComparison.OrdinalIgnoreCase))];

    private void PlanReplacement(List<ListedDestination> copies, Member member)
    {
        // A spelling that nobody has, or that only a disabled copy has, left by a replacement that was broken off.
        var text = Array.Find(SetAdditions.Spellings(member), spelling => !_table.HasText(spelling))
            ?? Array.Find(SetAdditions.Spellings(member), spelling => !_table.HasForeignTextOfAnyCase(spelling) && copies.TrueForAll(entry => !Equals(entry.Uri, spelling) || entry.State == ListedState.Disabled));
        var spare = copies.FindAll(entry => Equals(entry.Uri, text));
        if (text is null || spare.Count == copies.Count || copies.Exists(entry => _table.HasForeignTextOfAnyCase(entry.Uri)))
        {
            KeepAsItIs(copies, member);
            return;
        }

        copies = copies.FindAll(entry => !Equals(entry.Uri, text));
        var add = _additions.Of(member, text, DestinationFlags.Probed(ListedState.Disabled), copies.Find(entry => PriorityEncoding.Matches(entry.Priority, member, _policy.Order))?.Priority);
        if (copies.TrueForAll(static entry => entry.State == ListedState.Disabled))
        {
            // At once: as it was before is better than not at all, and whether Kamailio takes the new form is to be seen.
            var state = _states.FirstState(copies[0].Uri);
            _changes.Enable(copies[0], state);
            copies[0] = copies[0] with { State = state };
        }

        if (copies.Exists(static entry => entry.Calls > 0))
        {
            _changes.Skip(SkipReason.CallsCounted, copies[0].Uri, member.Key);
            return;
        }

        if (_changes.IsHeldBack(add, member))
        {
            return;
        }

        _changes.RemoveNow(spare, _plan.Silencings);
        var disables = new List<DisableDestination>();
        var removes = new List<RemoveDestination>();
        _changes.Silence(copies, disables, removes);
        _changes.RemoveNow(copies, removes);
        _plan.Replacements.Add(new Replacement(add, new EnableDestination(_set, text, _states.StateAfter(copies, text)), disables, removes));
    }

    /// <summary>Somebody else has a text of it, so that it cannot be told from his by the calls that a replacement takes.</summary>
    private void KeepAsItIs(List<ListedDestination> copies, Member member)
    {
        _changes.Skip(SkipReason.UnmanagedDuplicate, member.Uri.Text, member.Key);
        if (copies.Exists(static entry => entry.State != ListedState.Disabled))
        {
            return;
        }

        if (copies.Find(_table.IsReachable) is { } kept)
        {
            _changes.Enable(kept, _states.FirstState(kept.Uri));
        }
        else if (Array.Find(SetAdditions.Spellings(member), spelling => !_table.HasText(spelling)) is { } text
            && _additions.Of(member, text, DestinationFlags.Probed(_states.FirstState(text)), null) is var add && !_changes.IsHeldBack(add, member))
        {
            // What is there cannot be enabled by any call: it stays off, and another one serves.
            _plan.Adds.Add(add);
        }
    }

    private void PlanLeaving(List<ListedDestination> copies)
    {
        // It stays for now, or somebody has taken its place.
        copies.RemoveAll(entry => _kept.Contains(entry.Uri) || _plan.Replacements.Exists(replacement => replacement.Removes.Contains(new RemoveDestination(_set, entry.Uri))));
        _changes.Silence(copies);
        _changes.RemoveNow(copies.FindAll(entry => IsDue(entry.Uri)));
        foreach (var text in SetChanges.Texts(copies).Where(text => !_table.HasForeignText(text) && !IsDue(text) && !_plan.Silencings.Contains(new RemoveDestination(_set, text))))
        {
            _changes.Skip(SkipReason.RemovalDelayed, text, null);
        }
    }

    private bool IsDue(string text) => _policy.DueForRemoval?.Contains(new ListedKey(_set, text)) ?? true;

    private static bool Equals(string one, string? other) => string.Equals(one, other, StringComparison.Ordinal);

    private EndpointKey Key(string text) => new(_set, Spelling.EndpointOf(text));
}
