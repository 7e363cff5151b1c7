using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe;

namespace KamRpcDispatcher.Announce;

/// <summary>A SIP server, as one address of it is probed.</summary>
/// <param name="Probe">How it is probed; null for never: it counts as alive.</param>
/// <param name="Members">Its members, all of which are in the state that the probe finds.</param>
public sealed record ProbedServer(IProbe? Probe, ImmutableArray<Member> Members);
