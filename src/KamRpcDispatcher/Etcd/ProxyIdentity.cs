using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Which Kamailio a report is of: of two proxies under one name each sees that the other is another.</summary>
/// <param name="Machine">Where process ids mean the same, see <see cref="Linux.Machine"/>.</param>
/// <param name="Host">The host's name, for people.</param>
/// <param name="Kamailio">The address by which it is reached there.</param>
/// <param name="Process">Kamailio's main process and its start, <c>PID-START</c>; null where they cannot be seen.</param>
public sealed record ProxyIdentity(string Machine, string Host, string Kamailio, string? Process)
{
    /// <summary>Of a Kamailio that is reached from here.</summary>
    internal static ProxyIdentity Here(string kamailio, string? process) => new(Linux.Machine.Place, Environment.MachineName, kamailio, process);

    /// <summary>
    /// Whether the other one is an earlier life of this proxy. One Kamailio has one daemon, so that the same Kamailio, or one that was started
    /// where the other has ended, is enough.
    /// </summary>
    internal bool IsSuccessorOf(ProxyIdentity other)
    {
        if (Machine != other.Machine)
        {
            return false;
        }

        return Process is not null && Process == other.Process
            ? true
            : Kamailio == other.Kamailio && (Process is null || other.Process is null || HasEnded(other.Process));
    }

    public override string ToString() => $"the one on host {MemberRules.Shorten(Host)} for Kamailio at {MemberRules.Shorten(Kamailio, 128)}";

    private bool HasEnded(string process) =>
        int.TryParse(process.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Linux.Machine.HasEnded(Machine, pid);
}
