using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>Plans one set.</summary>
internal sealed class SetPlanner
{
    private const int InactiveFlag = 1;
    private const int TryingFlag = 2;
    private const int ProbingFlag = 8;

    private readonly int _set;
    private readonly PlanPolicy _policy;
    private readonly PlanDraft _draft;

    private readonly ILookup<string, ListedDestination> _own;
    private readonly HashSet<string> _foreignEndpoints;

    // Kamailio finds a destination by its text: "remove" to the letter, "set_state" without regard to case.
    private readonly HashSet<string> _foreignTexts;
    private readonly HashSet<int> _takenPriorities;

    public SetPlanner(int set, IReadOnlyList<ListedDestination> listed, PlanPolicy policy, PlanDraft draft)
    {
        _set = set;
        _policy = policy;
        _draft = draft;
        _own = listed.Where(IsOwn).ToLookup(static entry => EndpointOf(entry.Uri));
        var foreign = listed.Where(entry => !IsOwn(entry)).Select(static entry => entry.Uri).ToList();
        _foreignEndpoints = foreign.Select(EndpointOf).ToHashSet();
        _foreignTexts = foreign.ToHashSet(StringComparer.OrdinalIgnoreCase);
        _takenPriorities = listed.Select(static entry => entry.Priority).ToHashSet();
    }

    public void Plan(IEnumerable<Member> members)
    {
        var wanted = OneMemberAnEndpoint(members);
        foreach (var member in wanted)
        {
            PlanMember(member);
        }

        var wantedEndpoints = wanted.Select(static member => member.Uri.Endpoint).ToHashSet();
        foreach (var leaving in _own.Where(group => !wantedEndpoints.Contains(group.Key)))
        {
            PlanLeaving([.. leaving]);
        }
    }

    /// <summary>What an operator wrote need not be a URI of the kind that members announce; then it is equal to itself only.</summary>
    private static string EndpointOf(string text) => SipUri.TryParse(text, out var uri, out _) ? uri.Endpoint : text;

    /// <summary>What a destination starts with that Kamailio has no verdict on.</summary>
    private int FirstFlags => _policy.IsAdmissionProbed ? InactiveFlag | ProbingFlag : ProbingFlag;

    private bool IsOwn(ListedDestination entry) => AttributeText.IsOwn(entry.Attributes, _policy.Cluster);

    private List<Member> OneMemberAnEndpoint(IEnumerable<Member> members)
    {
        var wanted = new List<Member>();
        foreach (var claimants in members.OrderBy(static member => member.Key).GroupBy(static member => member.Uri))
        {
            // An address that is used again under a new name: the later announcement is the truth.
            var latest = claimants.MaxBy(static member => member.CreatedRevision)!;
            wanted.Add(latest);
            foreach (var other in claimants.Where(member => member != latest))
            {
                _draft.Skip(new Skip(SkipReason.Superseded, _set, other.Uri.Text, other.Key));
            }
        }

        return wanted;
    }

    private void PlanMember(Member member)
    {
        if (_foreignEndpoints.Contains(member.Uri.Endpoint))
        {
            // A second copy would get a second share of the calls, and "remove" drops every copy, the operator's too.
            _draft.Skip(new Skip(SkipReason.ForeignTwin, _set, member.Uri.Text, member.Key));
            return;
        }

        var routable = member.State == MemberState.Ready;
        var copies = _own[member.Uri.Endpoint].ToList();
        if (copies.Count == 0)
        {
            if (routable)
            {
                PlanAdd(member, FirstFlags);
            }

            return;
        }

        var entry = copies[0];
        if (!routable)
        {
            PlanSilencing(copies);
        }
        else if (copies.Count > 1 || !IsAsAnnounced(entry, member))
        {
            PlanReplacement(copies, member);
        }
        else if (entry.State == ListedState.Disabled)
        {
            _draft.Enable(_set, entry.Uri, _policy.IsAdmissionProbed);
        }
    }

    private void PlanSilencing(List<ListedDestination> copies)
    {
        if (copies.Count > 1)
        {
            // set_state reaches the first copy only, so the others would go on taking calls.
            _draft.RemoveAtOnce(_set, copies.Select(static entry => entry.Uri).Distinct());
        }
        else if (copies[0].State != ListedState.Disabled)
        {
            _draft.Disable(_set, copies[0].Uri);
        }
    }

    private void PlanAdd(Member member, int flags)
    {
        var add = Addition(member, flags);
        if (!IsHeldBack(add, member))
        {
            _draft.Add(add);
        }
    }

    /// <summary>Keeps Kamailio's health verdict: a destination that it found dead is not announced as alive by a change of its weight.</summary>
    private void PlanReplacement(List<ListedDestination> copies, Member member)
    {
        var flags = copies[0].State switch
        {
            ListedState.Inactive => InactiveFlag | ProbingFlag,
            ListedState.Trying => TryingFlag | ProbingFlag,
            ListedState.Disabled => FirstFlags,
            _ => ProbingFlag,
        };
        _takenPriorities.ExceptWith(copies.Select(static entry => entry.Priority));
        var add = Addition(member, flags);
        if (!IsHeldBack(add, member))
        {
            _draft.Replace(copies.Select(static entry => entry.Uri).Distinct(), add);
        }
    }

    private bool IsHeldBack(AddDestination add, Member member)
    {
        if (!_policy.IsQuarantined(add))
        {
            return false;
        }

        _draft.Skip(new Skip(SkipReason.Quarantined, _set, add.Uri, member.Key));
        return true;
    }

    private AddDestination Addition(Member member, int flags) =>
        new(
            _set,
            member.Uri.Text,
            flags,
            _policy.HasPriorities ? FinePriority.Choose(member, _takenPriorities) : 0,
            AttributeText.Format(member, _policy.Cluster));

    private bool IsAsAnnounced(ListedDestination entry, Member member) =>
        entry.Uri == member.Uri.Text
        && entry.Attributes == AttributeText.Format(member, _policy.Cluster)
        && (!_policy.HasPriorities || FinePriority.Coarse(entry.Priority) == member.Priority);

    private void PlanLeaving(List<ListedDestination> copies)
    {
        foreach (var text in copies.GroupBy(static entry => entry.Uri))
        {
            if (_foreignTexts.Contains(text.Key))
            {
                _draft.Skip(new Skip(SkipReason.ForeignTwin, _set, text.Key, null));
                continue;
            }

            if (text.Any(static entry => entry.State != ListedState.Disabled))
            {
                _draft.Disable(_set, text.Key);
            }

            if (_policy.MayRemove(_set, text.Key))
            {
                _draft.Remove(_set, text.Key);
            }
            else
            {
                _draft.Skip(new Skip(SkipReason.RemovalDelayed, _set, text.Key, null));
            }
        }
    }
}
