using System.Net;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Destinations;

/// <summary>Members of one set that have several URIs and one server, since a host name leads to the address of another one: Kamailio knows them as several destinations, and each gets calls.</summary>
/// <param name="Address">The server's.</param>
/// <param name="Members">Two or more, not all of the same URI.</param>
public sealed record SharedServer(IPAddress Address, IReadOnlyList<Member> Members)
{
    /// <param name="members">The members, of whatever sets.</param>
    /// <param name="addresses">What host names lead to; of one that is not there nothing is known.</param>
    public static IReadOnlyList<SharedServer> Of(IEnumerable<Member> members, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        return
        [
            .. members.SelectMany(member => AddressesOf(member.Uri, addresses).Select(address => (Member: member, Address: address)))
                .GroupBy(static pair => (pair.Member.Key.Set, pair.Address, pair.Member.Uri.Port, pair.Member.Uri.Transport))
                .Where(static group => group.Select(static pair => pair.Member.Uri).Distinct().Count() > 1)
                .Select(static group => new SharedServer(group.Key.Address, [.. group.Select(static pair => pair.Member)])),
        ];
    }

    private static IEnumerable<IPAddress> AddressesOf(SipUri uri, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> addresses) =>
        uri.Address is { } address ? [address] : addresses.GetValueOrDefault(uri.Host)?.Distinct() ?? [];
}
