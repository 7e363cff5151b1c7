using System.Collections.Immutable;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Probe;

namespace KamRpcDispatcher.Announce;

/// <summary>What an announcer announces, and how. Immutable; defaults inline.</summary>
/// <param name="Etcd">Where the store is.</param>
/// <param name="Cluster">The cluster's name.</param>
/// <param name="Servers">The SIP servers, each with its members; at least one, and no member twice.</param>
public sealed record AnnouncerOptions(EtcdOptions Etcd, string Cluster, IReadOnlyList<ProbedServer> Servers)
{
    /// <summary>How long the members outlive their announcer.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time from one probe of a server to the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Good answers in a row until a server that was down is ready.</summary>
    public int Rise { get; init; } = 1;

    /// <summary>Bad answers in a row until a server that was ready is down.</summary>
    public int Fall { get; init; } = 2;

    /// <summary>What the announcer has left whose process this one goes on in (<see cref="AnnouncerDaemon.HandOverAsync"/>); null where there was none.</summary>
    public ReadOnlyMemory<byte>? HandedOver { get; init; }

    /// <summary>The Asterisk that the servers are; null when it is another server, or nobody may ask it.</summary>
    public AsteriskAccess? Asterisk { get; init; }

    /// <summary>Tells when the servers have no calls any more; null when Asterisk does, or nothing.</summary>
    public IIdleCheck? Idle { get; init; }

    /// <summary>How long the proxies may take to say that they send no more calls, when the announcer stops.</summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long calls that are up may go on then.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A SIP server, as one address of it is probed.</summary>
/// <param name="Probe">How it is probed; null for never: it counts as alive.</param>
/// <param name="Members">Its members, all of which are in the state that the probe finds.</param>
public sealed record ProbedServer(IProbe? Probe, ImmutableArray<Member> Members);

/// <summary>Where Asterisk's manager interface is, and who asks.</summary>
public sealed record AsteriskAccess(AmiAddress Address, AmiCredentials Credentials)
{
    /// <summary>Kamailio's endpoint in pjsip.conf, or <c>all</c>, which is in maintenance mode while the server is drained; null for none, so that nothing is set.</summary>
    public string? Maintenance { get; init; }
}
