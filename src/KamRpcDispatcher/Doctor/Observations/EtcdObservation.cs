using System.Net;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>What was seen of etcd, and of the cluster's members, proxies and operators' wishes in it.</summary>
internal sealed record EtcdObservation(IReadOnlyList<EndpointObservation> Endpoints, Observed<IReadOnlyList<Member>> Members, Observed<IReadOnlyList<ReportingProxy>> Proxies)
{
    /// <summary>The cluster that is examined.</summary>
    public string Cluster { get; init; } = "default";

    /// <summary>The sets that this Kamailio serves, as the operator says; null for all.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    /// <summary>What dispatchers of this machine answer whose members do not all come from etcd.</summary>
    public IReadOnlyList<WholeAnswer> Local { get; init; } = [];

    /// <summary>The sets whose members come from elsewhere than etcd, at the dispatcher that is at work here; of those that are not seen there are none among <see cref="Members"/>.</summary>
    public ElsewhereSets Elsewhere { get; init; } = ElsewhereSets.None;

    /// <summary>Where the members of the dispatcher at work here come from; nothing where that is etcd alone, as far as is seen.</summary>
    public IReadOnlyList<MemberSource> Sources { get; init; } = [];

    /// <summary>The dispatchers of this machine that use no etcd, so that none was looked at; null where one was.</summary>
    public string? UnusedBy { get; init; }

    /// <summary>Records of members that cannot be used.</summary>
    public IReadOnlyList<RejectedRecord> Rejected { get; init; } = [];

    /// <summary>What operators wish, by member, announced or not; a drained one among <see cref="Members"/> is draining.</summary>
    public IReadOnlyDictionary<MemberKey, Intent> Intents { get; init; } = new Dictionary<MemberKey, Intent>();

    /// <summary>What operators wish of proxies, by name.</summary>
    public IReadOnlyDictionary<string, Intent> ProxyIntents { get; init; } = new Dictionary<string, Intent>();

    /// <summary>The members that are ready but for that an operator has drained them.</summary>
    public IReadOnlySet<MemberKey> Drained { get; init; } = new HashSet<MemberKey>();

    /// <summary>Records of operators' wishes that cannot be used.</summary>
    public IReadOnlyList<RejectedRecord> RejectedIntents { get; init; } = [];

    /// <summary>Why etcd does not let this user read what operators wish; null where it does.</summary>
    public string? IntentsRefused { get; init; }

    /// <summary>What members' host names lead to from here; of one that is not there nothing is known.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> Addresses { get; init; } = new Dictionary<string, IReadOnlyList<IPAddress>>();

    /// <summary>When all this was read.</summary>
    public DateTimeOffset ReadAt { get; init; }

    /// <summary>The members of the sets that this Kamailio serves, or why they were not seen.</summary>
    public Observed<IReadOnlyList<Member>> Served =>
        Sets is { } sets && Members.Try(out var members, out _) ? Observed<IReadOnlyList<Member>>.Of([.. members.Where(member => sets.Contains(member.Key.Set))]) : Members;

    /// <summary>The proxies that were not in step in each of several readings, by name.</summary>
    public IReadOnlyDictionary<string, ProxyLag> Lags { get; init; } = new Dictionary<string, ProxyLag>();

    /// <summary>Where no etcd is used.</summary>
    public static EtcdObservation OfNone(string usedBy)
    {
        var trouble = new Trouble($"the dispatcher here ({usedBy}) uses no etcd, and which one serves this Kamailio is not seen");
        return new EtcdObservation([], Observed<IReadOnlyList<Member>>.Not(trouble), Observed<IReadOnlyList<ReportingProxy>>.Not(trouble)) { UnusedBy = usedBy };
    }

    /// <summary>Expired members that a proxy keeps, because too many expired at once.</summary>
    public IReadOnlyList<Member> Held { get; init; } = [];
}
