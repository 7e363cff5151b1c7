using KamailioRpc;

namespace KamRpcDispatcher.Doctor;

/// <summary>What an examination found.</summary>
/// <param name="Kamailio">The Kamailio that was examined; null when none answers.</param>
/// <param name="IsReached">Whether Kamailio, and at least one endpoint of etcd, answered, or whoever did not is ignored.</param>
/// <param name="Findings">Of every check, in the order of the checks.</param>
public sealed record CheckupResult(KamailioAddress? Kamailio, bool IsReached, IReadOnlyList<Finding> Findings)
{
    /// <summary>Whether all is well: nothing wrong, and nothing that could not be checked; a note is no fault, nor is what is ignored.</summary>
    public bool IsHealthy => !Findings.Any(static finding => finding.IsProblem);
}
