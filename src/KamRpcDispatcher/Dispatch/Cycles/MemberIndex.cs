using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>Members by where their URIs lead.</summary>
internal sealed class MemberIndex
{
    private readonly HashSet<ListedKey> _wanted;
    private readonly Dictionary<MemberKey, Member> _byKey;
    private readonly Lazy<Dictionary<EndpointKey, Member>> _byEndpoint;

    /// <param name="view">What a cycle saw.</param>
    /// <param name="superseded">Those that are left out, since another one has their address.</param>
    public MemberIndex(CycleView view, IEnumerable<MemberKey> superseded)
    {
        var left = superseded.ToHashSet();
        List<Member> followed = [.. view.Membership.Members.Concat(view.Held).Concat(view.Doubted).Where(member => !left.Contains(member.Key))];
        _wanted = [.. followed.Where(static member => member.State == MemberState.Ready).Select(static member => new ListedKey(member.Key.Set, member.Uri.Text))];
        _byKey = followed.DistinctBy(static member => member.Key).ToDictionary(static member => member.Key);
        _byEndpoint = new(
            () => followed.DistinctBy(EndpointOf).ToDictionary(EndpointOf),
            LazyThreadSafetyMode.None);
    }

    public Member? Find(MemberKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>The member at whose address an entry stands.</summary>
    public Member? At(ListedDestination entry) => _byEndpoint.Value.GetValueOrDefault(new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)));

    /// <summary>Whether a ready member has the address of an entry.</summary>
    public bool IsWanted(ListedDestination entry) => _wanted.Contains(new ListedKey(entry.Set, Spelling.First(entry.Uri))) || At(entry) is { State: MemberState.Ready };

    private static EndpointKey EndpointOf(Member member) => new(member.Key.Set, member.Uri.Endpoint);
}
