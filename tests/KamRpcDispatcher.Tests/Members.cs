using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Tests;

/// <summary>Members for tests.</summary>
internal static class Members
{
    public static Member Of(string name, int set = 1, string? uri = null) =>
        new(new MemberKey(set, name), SipUri.Parse(uri ?? $"sip:{name}.example.org:5060"));
}
