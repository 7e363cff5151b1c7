namespace KamailioRpc.Commands;

/// <summary>The calls that Kamailio's dialog module has, as <c>dlg.stats_active</c> tells.</summary>
/// <param name="Starting">INVITE sent, nothing answered.</param>
/// <param name="Connecting">Ringing.</param>
/// <param name="Answering">Answered, not acknowledged yet.</param>
/// <param name="Ongoing">Up.</param>
/// <param name="All">All of them.</param>
public sealed record DialogCounters(int Starting, int Connecting, int Answering, int Ongoing, int All);
