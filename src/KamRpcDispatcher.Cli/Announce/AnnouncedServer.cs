using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>A SIP server as the options of <c>kamrpc announce</c> name it.</summary>
/// <param name="Name">Its members' name.</param>
/// <param name="Local">Where it listens, as this machine sees it.</param>
/// <param name="Announced">Where Kamailio sends calls.</param>
internal sealed record AnnouncedServer(string Name, SipUri Local, SipUri Announced);
