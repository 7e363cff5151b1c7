using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce;

/// <summary>Where Asterisk's manager interface is, and who asks.</summary>
public sealed record AsteriskAccess(AmiAddress Address, AmiCredentials Credentials)
{
    /// <summary>Kamailio's endpoint in pjsip.conf, or <c>all</c>, which is in maintenance mode while the server is drained; null for none, so that nothing is set.</summary>
    public string? Maintenance { get; init; }
}
