using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;

namespace KamRpcDispatcher.Announce.Handover;

/// <summary>What an announcer leaves to the program that takes its place.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Lease">The lease of its members, with their keys; those too that are about to be withdrawn.</param>
/// <param name="Servers">How each of its members' servers is; none that was not probed yet.</param>
/// <param name="IsInMaintenance">Whether Asterisk is in maintenance mode.</param>
/// <param name="IsMaintenanceOurs">Whether that is of the announcer's doing.</param>
internal sealed record HandedOver(string Cluster, HeldLease Lease, IReadOnlyList<HandedServer> Servers, bool IsInMaintenance, bool IsMaintenanceOurs)
{
    /// <summary>How a server was that has this member; null where that is not known, or the member is at another address.</summary>
    public ServerHealth? HealthOf(Member member) => Servers.FirstOrDefault(server => server.Members.Contains((member.Key, member.Uri)))?.Health;
}

/// <summary>A server.</summary>
/// <param name="Members">Its members with their addresses.</param>
/// <param name="Health">How the server is.</param>
internal sealed record HandedServer(IReadOnlyList<(MemberKey Key, SipUri Uri)> Members, ServerHealth Health);

/// <summary>How a server is, as its monitor knows it.</summary>
/// <param name="Probe">The probe that brought its state in force.</param>
/// <param name="State">The state that was told last.</param>
/// <param name="Reason">Why; null where it is ready.</param>
/// <param name="Leaving">That it shuts down, as it says by another way than the probe; null where it does not.</param>
/// <param name="Maintenance">That it is in maintenance, likewise.</param>
internal sealed record ServerHealth(ProbeOutcome Probe, MemberState State, string? Reason, string? Leaving, string? Maintenance);
