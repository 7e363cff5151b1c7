using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce;

/// <summary>Where Asterisk's manager interface is, and who asks.</summary>
public sealed record AsteriskAccess(AmiAddress Address, AmiCredentials Credentials);
