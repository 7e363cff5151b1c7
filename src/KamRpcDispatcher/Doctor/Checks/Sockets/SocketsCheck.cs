using System.Net;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>Who may use the ways into Kamailio's RPC: whoever may, controls Kamailio and can make it write files.</summary>
internal static class SocketsCheck
{
    private const string Name = "kamailio.socket";

    public static IEnumerable<Finding> Of(KamailioObservation kamailio) =>
        kamailio.Sockets.Count > 0
            ? kamailio.Sockets.Select(socket => Of(kamailio, socket))
            : [Finding.Unknown(Name, new Trouble("no socket of Kamailio's was found", kamailio.Reply.Try(out _, out _) ? null : Causes.Kamailio))];

    private static Finding Of(KamailioObservation kamailio, RpcSocket socket)
    {
        if (socket.Host is { } host)
        {
            return IsLoopback(host)
                ? Finding.Ok(Name, $"{socket.Name} is on the loopback interface, open to every user of this machine")
                : Finding.Error(Name, $"{socket.Name} is not on the loopback interface: whoever reaches it controls Kamailio", Loopback(socket));
        }

        if (socket.File is not { } file)
        {
            return Finding.Unknown(Name, new Trouble(
                $"{socket.Name}: there is no such socket, or this user may not enter its directory", kamailio.Reply.Try(out _, out _) ? null : Causes.Kamailio));
        }

        if (file.IsDirectory)
        {
            return Finding.Unknown(Name, new Trouble($"{file} is a directory, and no socket", kamailio.Reply.Try(out _, out _) ? null : Causes.Kamailio));
        }

        if (file.IsWritableByOthers)
        {
            return Finding.Error(Name, $"{file}: every user of this machine controls Kamailio", Mode(socket.Kind));
        }

        if (socket.Directory is { IsWritableByOthers: true } directory)
        {
            return Finding.Error(Name, $"{file} is in {directory}, in which every user can put something in its place", Elsewhere(socket));
        }

        if (kamailio.User is { User: not 0 } user && file.User == 0 && !user.MayWrite(file) && socket.Kind is SocketKind.JsonDatagram or SocketKind.JsonFifo)
        {
            return Finding.Note(Name, $"{file} is root's, since Kamailio was started as root and became user {user.Name}: kamrpc as user {user.Name} could not use it", NobodyListensCauses.SocketUser(user.Name));
        }

        return Finding.Ok(Name, $"{file}{(file.Mode.HasFlag(UnixFileMode.GroupWrite) ? ": open to its group" : string.Empty)}");
    }

    private static bool IsLoopback(string host) => IPAddress.TryParse(host, out var address) ? IPAddress.IsLoopback(address) : host == "localhost";

    private static string Mode(SocketKind kind) => kind switch
    {
        SocketKind.JsonFifo => "modparam(\"jsonrpcs\", \"fifo_mode\", 0600)",
        SocketKind.Ctl => "modparam(\"ctl\", \"mode\", 0600)",
        _ => "modparam(\"jsonrpcs\", \"dgram_mode\", 0600)",
    };

    private static string Elsewhere(RpcSocket socket)
    {
        var name = Path.GetFileName(socket.Name);
        return socket.Kind switch
        {
            SocketKind.JsonFifo => $"modparam(\"jsonrpcs\", \"fifo_name\", \"/run/kamailio/{name}\")",
            SocketKind.Ctl => $"modparam(\"ctl\", \"binrpc\", \"unix:/run/kamailio/{name}\")",
            _ => $"modparam(\"jsonrpcs\", \"dgram_socket\", \"/run/kamailio/{name}\")",
        };
    }

    private static string Loopback(RpcSocket socket)
    {
        var scheme = socket.Name.Split(':')[0];
        var address = FormattableString.Invariant($"{scheme}:127.0.0.1:{socket.Port}");
        return socket.Kind switch
        {
            SocketKind.Ctl => $"modparam(\"ctl\", \"binrpc\", \"{address}\")",
            SocketKind.JsonTcp => $"modparam(\"jsonrpcs\", \"tcp_socket\", \"{address}\")",
            SocketKind.Http => $"listen={address}",
            _ => $"modparam(\"jsonrpcs\", \"dgram_socket\", \"{address}\")",
        };
    }
}
