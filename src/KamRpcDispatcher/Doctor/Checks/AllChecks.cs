using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Every check, in the order in which they are read. Each says something, whatever was seen.</summary>
internal static class AllChecks
{
    public static IReadOnlyList<Finding> Of(KamailioObservation kamailio, EtcdObservation etcd) =>
    [
        ReachabilityCheck.Of(kamailio),
        .. SocketsCheck.Of(kamailio),
        ReplyDirectoryCheck.Of(kamailio),
        VersionCheck.Of(kamailio),
        ModulesCheck.Of(kamailio),
        ParameterChecks.OfReloadDelta(kamailio),
        ParameterChecks.OfLoadMode(kamailio),
        ParameterChecks.OfPrettyFormat(kamailio),
        ReplySizeCheck.Of(kamailio),
        .. WritersCheck.Of(kamailio),
        .. ScriptCheck.Of(kamailio),
        .. AlgorithmCheck.Of(kamailio),
        .. CallLoadCheck.Of(kamailio),
        .. WeightsCheck.Of(kamailio),
        HostNamesCheck.Of(kamailio),
        SharedMemoryCheck.Of(kamailio),
        ProcessesCheck.Of(kamailio),
        ClockCheck.Of(kamailio),
        LockCheck.Of(kamailio),
        OrphansCheck.Of(kamailio, etcd),
        .. etcd.Endpoints.SelectMany(EtcdChecks.Of),
        .. etcd.Endpoints.Select(ClockCheck.Of),
        HostNamesCheck.Of(etcd),
        AddressClaimsCheck.Of(etcd),
        ProxyNamesCheck.Of(etcd),
    ];
}
