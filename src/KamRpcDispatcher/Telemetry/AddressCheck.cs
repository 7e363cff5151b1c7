using System.Net;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Dispatch.Cycles;

namespace KamRpcDispatcher.Telemetry;

/// <summary>Whether an address is a member of a set that gets calls.</summary>
/// <param name="GetsCalls">Whether it is; null where that is not known.</param>
/// <param name="Text">The same in one line, safe to print.</param>
/// <param name="Age">How old that is; null where it is not known.</param>
public sealed record AddressCheck(bool? GetsCalls, string Text, TimeSpan? Age)
{
    internal static AddressCheck NotRead { get; } = new(null, "not known: the members and Kamailio's list have not been read yet", null);

    internal static AddressCheck NotAnswered { get; } = new(null, "not known: Kamailio does not answer", null);

    /// <summary>By what the last cycle saw. Members count, and by the address that they announce; entries that an operator has put into Kamailio's list are none.</summary>
    /// <param name="cycle">The cycle.</param>
    /// <param name="set">The set.</param>
    /// <param name="address">An IP address, a host name, either with a port, or a SIP URI.</param>
    /// <param name="age">How long ago it was.</param>
    internal static AddressCheck In(CycleSituation cycle, int set, string address, TimeSpan age)
    {
        var asked = SafeText.Shorten(address);
        if (Matching(address) is not { } isAsked)
        {
            return new(false, $"no: '{asked}' is neither an IP address, a host name, one of them with a port, nor a SIP URI", age);
        }

        var found = cycle.Membership.Members.Concat(cycle.Held).Where(member => member.Key.Set == set && isAsked(member.Uri)).ToList();
        if (found.Count == 0)
        {
            return new(false, $"no: '{asked}' is no member of set {set}", age);
        }

        return found.Find(new RoutableMembers(cycle).Has) is { } serving
            ? new(true, $"yes: {serving.Key.Name} ({serving.Uri}) gets calls in set {set}", age)
            : new(false, $"no: {found[0].Key.Name} ({found[0].Uri}) is a member of set {set}, and gets no calls", age);
    }

    /// <summary>Without a port any port matches, and without a scheme any transport; null for what is no address.</summary>
    private static Func<SipUri, bool>? Matching(string text)
    {
        if (SipUri.TryParse(text, out var uri, out _))
        {
            return uri.Equals;
        }

        var bare = IPAddress.TryParse(text, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !text.StartsWith('[') ? $"[{address}]" : text;
        if (!SipUri.TryParse("sip:" + bare, out var told, out _) || bare.Contains(';', StringComparison.Ordinal))
        {
            return null;
        }

        var hasPort = bare.LastIndexOf(':') > bare.LastIndexOf(']');
        return member => member.Host == told.Host && (!hasPort || member.Port == told.Port);
    }
}
