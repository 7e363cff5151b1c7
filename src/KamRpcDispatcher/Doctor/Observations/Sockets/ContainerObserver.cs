using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Examines the container that this process runs in, if it does.</summary>
internal static class ContainerObserver
{
    /// <summary>
    /// Set in containers (systemd's container interface): by the image of this project and by podman. No file that only a runtime makes is
    /// checked: such a machine may be one on which Kamailio and kamrpc run side by side.
    /// </summary>
    private const string Variable = "container";

    /// <summary>Null when this is no container, or Kamailio is reached over IP.</summary>
    public static ContainerObservation? Observe(KamailioObservation kamailio) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } && (kamailio.Address ?? KamailioAddress.Parse(KamailioAddress.Default)).Path is { } socket
            ? Observe(socket, kamailio)
            : null;

    private static ContainerObservation Observe(string socket, KamailioObservation kamailio) => new(socket)
    {
        IsThere = FileStatus.Of(socket) is not null,
        IsAnswered = kamailio.Reply.Try(out _, out _),
        Self = new ContainerUser(LibC.EffectiveUser(), LibC.EffectiveGroup()),
        Owner = Owner(socket),
        Kamailio = kamailio.Processes.Try(out var processes, out _) ? User(processes) : null,
        SocketMount = Mount.Of(LibC.RealPath(socket)),
        ReplyMount = kamailio.Replies is { } replies ? Mount.Of(LibC.RealPath(replies.Path)) : null,
    };

    /// <summary>Of the socket; of its directory where that is shut to this user.</summary>
    private static ContainerUser? Owner(string socket) =>
        (FileStatus.Of(socket) ?? FileStatus.Of(Path.GetDirectoryName(socket) ?? "/")) is { } status ? new ContainerUser(status.User, status.Group) : null;

    /// <summary>Of Kamailio's main process; null when the id is not Kamailio's here.</summary>
    private static ContainerUser? User(IReadOnlyList<KamailioProcess> processes)
    {
        if (processes.FirstOrDefault(static process => process.IsMain) is not { } main || ProcessIdentity.Check(processes) is not null)
        {
            return null;
        }

        try
        {
            var status = File.ReadAllLines($"/proc/{main.Pid}/status");
            return Number("Uid:") is { } user && Number("Gid:") is { } group ? new ContainerUser(user, group) : null;

            // "Uid: real effective saved file-system"
            uint? Number(string name) => status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split('\t') is [_, _, var effective, ..]
                && uint.TryParse(effective, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
