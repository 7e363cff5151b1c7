using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>Entries of a list by where they lead. Of thousands it is asked each second, so no URI is parsed where texts are enough.</summary>
internal sealed class EntryIndex(IReadOnlyList<ListedDestination> entries)
{
    private readonly ILookup<ListedKey, ListedDestination> _byText = entries.ToLookup(static entry => new ListedKey(entry.Set, Spelling.First(entry.Uri)));
    private readonly Lazy<ILookup<EndpointKey, ListedDestination>> _byEndpoint =
        new(() => entries.ToLookup(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri))), LazyThreadSafetyMode.None);

    public IReadOnlyList<ListedDestination> All => entries;

    public IEnumerable<int> Sets => entries.Select(static entry => entry.Set).Distinct();

    /// <summary>Those at the member's address, whoever put them there.</summary>
    public IReadOnlyList<ListedDestination> Of(Member member)
    {
        ListedDestination[] sameText = [.. _byText[new ListedKey(member.Key.Set, member.Uri.Text)]];
        return Array.Exists(sameText, static entry => entry.IsRoutable) ? sameText : [.. _byEndpoint.Value[new EndpointKey(member.Key.Set, member.Uri.Endpoint)]];
    }
}
