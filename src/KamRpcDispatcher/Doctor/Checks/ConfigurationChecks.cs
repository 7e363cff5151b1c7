using KamRpcDispatcher.Doctor.Checks.Settings;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>The checks that cost Kamailio a few short calls: what is wrong with its configuration for whoever changes its table.</summary>
internal static class ConfigurationChecks
{
    public static IReadOnlyList<Finding> Of(KamailioObservation kamailio) =>
    [
        ParameterChecks.OfReloadDelta(kamailio),
        ParameterChecks.OfLoadMode(kamailio),
        ParameterChecks.OfPrettyFormat(kamailio),
        .. WritersCheck.Of(kamailio),
        .. AlgorithmCheck.OfUnfit(kamailio),
        AnswerChecks.OfPings(kamailio),
        AnswerChecks.OfFailover(kamailio),
        SharedMemoryCheck.Of(kamailio),
    ];
}
