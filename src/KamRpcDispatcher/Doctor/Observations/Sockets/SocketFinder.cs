using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations.Configured;

namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Finds the ways into Kamailio's RPC: the one in use, those in the usual places, and those that the configuration names.</summary>
internal static class SocketFinder
{
    /// <summary>Kamailio's run_dir, when its command line does not say otherwise.</summary>
    public const string RunDirectory = "/run/kamailio";

    /// <summary>Where ctl makes what has a relative path, other than jsonrpcs: Kamailio goes there first, whatever its run_dir is.</summary>
    public const string WorkingDirectory = "/";

    private static readonly (string Module, string Parameter, SocketKind Kind)[] Parameters =
    [
        ("jsonrpcs", "dgram_socket", SocketKind.JsonDatagram),
        ("jsonrpcs", "fifo_name", SocketKind.JsonFifo),
        ("jsonrpcs", "tcp_socket", SocketKind.JsonTcp),
        ("ctl", "binrpc", SocketKind.Ctl),
        ("ctl", "fifo", SocketKind.Ctl),
    ];

    public static IReadOnlyList<RpcSocket> Find(KamailioAddress? address, CommandLine? commandLine, KamailioConfig? config)
    {
        var runDirectory = commandLine?.RunDirectory ?? RunDirectory;
        var inUse = address is null ? [] : new[] { Of(address) };
        var directories = new[] { Path.GetDirectoryName(address?.Path), runDirectory }.OfType<string>().Distinct();
        var usual = directories.SelectMany(KamailioDiscovery.Candidates).Select(Of).Where(static socket => socket.File is not null);
        var named = Parameters.SelectMany(parameter => (config?.Of(parameter.Module, parameter.Parameter) ?? [])
            .Select(line => Of(parameter.Kind, line.Value, parameter.Kind == SocketKind.Ctl ? WorkingDirectory : runDirectory))
            .Where(static socket => socket.File is not null || socket.Host is not null));
        return [.. inUse.Concat(usual).Concat(named).DistinctBy(static socket => socket.Name)];
    }

    /// <summary>A socket as a parameter names it: a path, or <c>unix:</c>, <c>unixs:</c>, <c>unixd:</c>, <c>udp:</c>, <c>tcp:</c> before a path or an address.</summary>
    internal static RpcSocket Of(SocketKind kind, string value, string directory)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        var (scheme, rest) = colon > 0 && !value.StartsWith('/') ? (value[..colon], value[(colon + 1)..]) : (string.Empty, value);
        if (scheme is not ("udp" or "tcp"))
        {
            return Files.Socket(kind, Path.Combine(directory, rest));
        }

        var last = rest.LastIndexOf(':');
        var hasPort = int.TryParse(rest.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port);
        var host = last < 0 || !hasPort ? rest : rest[..last];
        return new RpcSocket(kind, $"{scheme}:{rest}") { Host = host.Trim('[', ']'), Port = hasPort ? port : 0 };
    }

    private static RpcSocket Of(KamailioAddress address)
    {
        var kind = address switch
        {
            { Protocol: RpcProtocol.BinRpc } => SocketKind.Ctl,
            { Transport: RpcTransport.Http } => SocketKind.Http,
            { Transport: RpcTransport.Fifo } => SocketKind.JsonFifo,
            { Transport: RpcTransport.Tcp } => SocketKind.JsonTcp,
            _ => SocketKind.JsonDatagram,
        };
        return address.Path is { } path
            ? Files.Socket(kind, path)
            : new RpcSocket(kind, $"{(address.Transport == RpcTransport.Udp ? "udp" : "tcp")}:{address.Host}:{address.Port}") { Host = address.Host, Port = address.Port };
    }
}
