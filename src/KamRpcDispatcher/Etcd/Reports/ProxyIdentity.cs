using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>Which Kamailio a report is of: of two proxies under one name each sees that the other is another.</summary>
/// <param name="Machine">Where process ids mean the same, see <see cref="Linux.Machine"/>.</param>
/// <param name="Host">The host's name, for people.</param>
/// <param name="Kamailio">The address by which it is reached there.</param>
/// <param name="Process">Kamailio's main process and its start, <c>PID-START</c>; null where they cannot be seen: by who does not reach Kamailio, for one.</param>
public sealed record ProxyIdentity(string Machine, string Host, string Kamailio, string? Process)
{
    /// <summary>The daemon that reports, likewise; null for an earlier version's, and where procfs does not tell.</summary>
    public string? Daemon { get; init; }

    /// <summary>Of a Kamailio that is reached from here, by this process.</summary>
    internal static ProxyIdentity Here(string kamailio, string? process) => new(Linux.Machine.Place, Environment.MachineName, kamailio, process) { Daemon = ProcessInstance.Own };

    /// <summary>
    /// Whether the other one is an earlier life of this proxy. One Kamailio has one daemon, so that the same Kamailio, or one that was started
    /// where the other has ended, is enough, unless the other daemon may still live. One that lives and does not see Kamailio gives way to one that does.
    /// </summary>
    internal bool IsSuccessorOf(ProxyIdentity other)
    {
        if (Machine != other.Machine)
        {
            return false;
        }

        if (IsAnotherDaemon(other) && ProcessInstance.Lives(other.Daemon!) != false)
        {
            return IsSameAddress(other) && SeesMoreThan(other);
        }

        return Process is not null && Process == other.Process
            ? true
            : IsSameAddress(other) && (Process is null || other.Process is null || HasEnded(other.Process));
    }

    /// <summary>Whether the other one is a second daemon for the same Kamailio, which lives.</summary>
    internal bool IsSecondTo(ProxyIdentity other) =>
        Machine == other.Machine && (IsSameAddress(other) || (Process is not null && Process == other.Process)) && IsAnotherDaemon(other) && ProcessInstance.Lives(other.Daemon!) == true;

    /// <summary>Whether this daemon sees a Kamailio that the other one does not see.</summary>
    internal bool SeesMoreThan(ProxyIdentity other) => Process is not null && other.Process is null;

    public override string ToString() =>
        $"the one on host {SafeText.Shorten(Host)}{(Daemon is { } daemon && ProcessInstance.PidOf(daemon) is { } pid ? FormattableString.Invariant($" (PID {pid})") : string.Empty)} for Kamailio at {SafeText.Shorten(Kamailio, 128)}";

    private bool IsSameAddress(ProxyIdentity other) => Kamailio == other.Kamailio;

    private bool IsAnotherDaemon(ProxyIdentity other) => other.Daemon is { } its && its != Daemon;

    private bool HasEnded(string process) => ProcessInstance.PidOf(process) is { } pid && Linux.Machine.HasEnded(Machine, pid);
}
