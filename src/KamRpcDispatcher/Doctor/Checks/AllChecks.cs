using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Checks.Settings;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Every check, in the order in which they are read. Each says something, whatever was seen.</summary>
internal static class AllChecks
{
    /// <summary>The names of all, in that order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Of(new KamailioObservation(), OfNothing()).Select(static finding => finding.Check).Distinct()];

    public static IReadOnlyList<Finding> Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        var here = MembersHere.Of(kamailio, etcd);
        return Folded([.. OfKamailio(kamailio, here), .. etcd.UnusedBy is { } unused ? OfUnused(unused) : OfEtcd(kamailio, etcd)]);
    }

    private static IReadOnlyList<Finding> OfUnused(string unused) =>
        [.. OfEtcd(new KamailioObservation(), OfNothing()).Select(static finding => finding.Check).Distinct().Select(check => Finding.Unused(check, $"not examined: the dispatcher here ({unused}) uses no etcd; --etcd has one examined"))];

    private static IReadOnlyList<Finding> OfKamailio(KamailioObservation kamailio, EtcdObservation here) =>
    [
        ReachabilityCheck.Of(kamailio),
        .. SocketsCheck.Of(kamailio),
        ReplyDirectoryCheck.Of(kamailio),
        VersionCheck.Of(kamailio),
        ConfigCheck.Of(kamailio),
        ModulesCheck.Of(kamailio),
        ParameterChecks.OfReloadDelta(kamailio),
        ParameterChecks.OfLoadMode(kamailio),
        ParameterChecks.OfPrettyFormat(kamailio),
        ReplySizeCheck.Of(kamailio),
        .. WritersCheck.Of(kamailio),
        .. ScriptCheck.Of(kamailio),
        .. AlgorithmCheck.Of(kamailio),
        AnswerChecks.OfPings(kamailio),
        AnswerChecks.OfFailover(kamailio),
        .. CallLoadCheck.Of(kamailio),
        .. WeightsCheck.Of(kamailio),
        SharesCheck.Of(kamailio, here),
        HostNamesCheck.Of(kamailio),
        SharedMemoryCheck.Of(kamailio),
        ProcessesCheck.Of(kamailio),
        ClockCheck.Of(kamailio),
        DispatcherCheck.Of(kamailio, here),
        SourcesCheck.Of(here),
        ProcessesCheck.First(RoutableCheck.Of(kamailio, here), kamailio),
        OrphansCheck.Of(kamailio, here),
    ];

    private static IReadOnlyList<Finding> OfEtcd(KamailioObservation kamailio, EtcdObservation etcd) =>
    [
        .. EtcdChecks.Of(etcd),
        .. etcd.Endpoints.Select(ClockCheck.Of),
        MembersCheck.Of(etcd),
        IntentsCheck.Of(etcd),
        HostNamesCheck.Of(etcd),
        AddressClaimsCheck.Of(etcd),
        ProxyNamesCheck.Of(etcd),
        ProxyHostsCheck.Of(etcd),
        SharesCheck.OfWays(etcd),
        ReportsCheck.Of(kamailio, etcd),
    ];

    /// <summary>Leaves what could not be checked with its cause only where the cause is told: what is told nowhere is no consequence.</summary>
    private static IReadOnlyList<Finding> Folded(IReadOnlyList<Finding> findings)
    {
        var told = findings.Where(static finding => finding is { Because: null, Severity: not (Severity.Ok or Severity.Note) }).Select(static finding => finding.Check).ToHashSet(StringComparer.Ordinal);
        return [.. findings.Select(finding => finding.Because is { } cause && !told.Contains(cause) ? finding with { Because = null } : finding)];
    }

    private static EtcdObservation OfNothing()
    {
        var nothing = new Trouble("not looked at");
        return new EtcdObservation(
            [new EndpointObservation(string.Empty, Observed<EndpointStatus>.Not(nothing), Observed<ClockReading>.Not(nothing))],
            Observed<IReadOnlyList<Destinations.Member>>.Not(nothing),
            Observed<IReadOnlyList<ReportingProxy>>.Not(nothing));
    }
}
