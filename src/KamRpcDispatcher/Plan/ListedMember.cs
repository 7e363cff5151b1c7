using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>Reads members back from the entries that were added for them, as far as an entry says: set, name, URI, priority, weight and attributes.</summary>
internal static class ListedMember
{
    /// <summary>The members whose own entries get calls, one a name: those that are disabled or found dead say nothing of who is a member.</summary>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="policy">What is managed, by which mark own entries are known, and what priorities are made of.</param>
    public static IReadOnlyList<Member> In(IEnumerable<ListedDestination> listed, PlanPolicy policy) =>
    [
        .. listed.Where(entry => entry.IsRoutable && policy.Manages(entry.Set) && AttributeText.IsOwn(entry, policy.Cluster))
            .Select(entry => Read(entry, policy.Order))
            .OfType<Member>()
            .DistinctBy(static member => member.Key),
    ];

    /// <summary>Null for an entry whose name or URI no member may have: whoever wrote it was not this tool.</summary>
    private static Member? Read(ListedDestination entry, DestinationOrder order)
    {
        if (AttributeText.Duid(entry.Attributes) is not { } name
            || !MemberKey.TryParse(string.Create(CultureInfo.InvariantCulture, $"{entry.Set}/{name}"), out var key, out _)
            || !SipUri.TryParse(Spelling.First(entry.Uri), out var uri, out _))
        {
            return null;
        }

        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (attribute, value) in AttributeList.All(entry.Attributes).Where(static pair => MemberValidation.CheckAttribute(pair.Name, pair.Value) is null).Take(MemberValidation.MaxAttributes))
        {
            attributes.TryAdd(attribute, value);
        }

        return new Member(key, uri)
        {
            Weight = int.TryParse(AttributeList.FindExact(entry.Attributes, "weight"), NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && MemberValidation.CheckWeight(weight) is null ? weight : null,
            Priority = PriorityEncoding.Own(entry.Priority, order),
            Attributes = attributes.ToImmutable(),
        };
    }
}
