using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan.Sets;

/// <summary>In which state destinations of one set begin.</summary>
/// <param name="set">The set.</param>
/// <param name="policy">What the plan goes by.</param>
/// <param name="table">What is there.</param>
/// <param name="additions">How members are written.</param>
/// <param name="wanted">Who is to be there.</param>
/// <param name="stayingRoutable">Where calls go now and will go.</param>
internal sealed class SetStates(int set, PlanPolicy policy, SetTable table, SetAdditions additions, List<Member> wanted, HashSet<string> stayingRoutable)
{
    /// <summary>What a destination starts with on which Kamailio has no verdict, or that it had found dead.</summary>
    public ListedState FirstState(string text) =>
        (policy.IsAdmissionProbed && IsSomebodyElseRoutable(text)) || (policy.FoundDead.Contains(new EndpointKey(set, Spelling.EndpointOf(text))) && (IsSomebodyElseRoutable(text) || IsSomebodyJoining()))
            ? ListedState.Inactive
            : ListedState.Active;

    /// <summary>Whether this plan adds somebody who takes calls at once: after a reload of the list everybody is added anew.</summary>
    private bool IsSomebodyJoining() => !policy.IsAdmissionProbed && wanted.Exists(member =>
        member.State == MemberState.Ready
        && !policy.FoundDead.Contains(new EndpointKey(set, Spelling.EndpointOf(member.Uri.Text)))
        && !table.Own.Contains(member.Uri.Endpoint)
        && !table.HasForeign(member.Uri.Endpoint)
        && policy.Forbidden(member) is null
        && !policy.Refused.Contains(RefusedDestination.Of(additions.Of(member, Spelling.First(member.Uri.Text), DestinationFlags.Probed(ListedState.Active), null))));

    /// <summary>Keeps Kamailio's health verdict: a destination that it found dead is not announced as alive by a change of its attributes.</summary>
    public ListedState StateAfter(List<ListedDestination> replaced, string text) =>
        replaced.Exists(static entry => entry.State == ListedState.Active) ? ListedState.Active
        : replaced.Exists(static entry => entry.State == ListedState.Trying) ? ListedState.Trying
        : replaced.Exists(static entry => entry.State == ListedState.Inactive) ? ListedState.Inactive
        : FirstState(text);

    /// <summary>Whether calls go to others too.</summary>
    public bool IsSomebodyElseRoutable(string text) => stayingRoutable.Count > (stayingRoutable.Contains(Spelling.EndpointOf(text)) ? 1 : 0);
}
