using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>Whether somebody else can change the table of destinations at the same time, which corrupts Kamailio's memory.</summary>
internal static class WritersCheck
{
    private const string Name = "kamailio.writers";
    private const string Datagram = "JSONRPCS DATAGRAM";
    private const string Fifo = "JSONRPCS FIFO";
    private const string Tcp = "JSONRPCS TCP";
    private const string Ctl = "ctl handler";
    private const string NoTcpNorHttp = "modparam(\"jsonrpcs\", \"transport\", 6)";

    /// <summary>Of jsonrpcs' <c>transport</c>.</summary>
    private const int HttpBit = 1;

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.Processes.Try(out var processes, out var trouble) || !kamailio.Modules.Try(out var modules, out trouble))
        {
            return [Finding.Unknown(Name, trouble)];
        }

        // Only where readers of the table are counted: elsewhere two changes in turn, without the time between them, do as much harm.
        if (Releases.HasCountedTable(kamailio) && kamailio.Config.Try(out var config, out _) && config.HasOneRpcLock)
        {
            return [Finding.Ok(Name, "rpc_exec_locks is 1: what comes over RPC is carried out in turn, whatever way it comes")];
        }

        var findings = new List<Finding>();
        var workers = processes.Count(static process => process.Description == Datagram);
        if (workers > 1)
        {
            findings.Add(Finding.Error(Name, $"{workers} processes carry out what comes over the datagram socket: several writers at once", "modparam(\"jsonrpcs\", \"dgram_workers\", 1)"));
        }

        if (kamailio.Address?.Transport == RpcTransport.Http)
        {
            findings.Add(Finding.Warning(Name, "over HTTP every TCP process carries out requests: several writers at once", "--kamailio " + KamailioAddress.Default));
        }

        var others = Others(kamailio, processes, modules).ToList();
        findings.AddRange(others.Where(static other => !other.IsShut).Select(static other => Finding.Note(
            Name, $"{other.Name} is another way in: for reading only; what somebody changes in the dispatcher's table there at the same time can corrupt Kamailio's memory", other.Fix)));

        // Operators' own tools want them: nothing to change there.
        var shut = others.Where(static other => other.IsShut).Select(static other => other.Name).ToList();
        if (shut.Count > 0)
        {
            findings.Add(Finding.Note(
                Name, $"{string.Join(" and ", shut)} {(shut.Count == 1 ? "is" : "are")} open to Kamailio's own user and root, for kamcmd and kamctl: for reading; no dispatcher.add, remove or reload there while kamrpc runs"));
        }

        return findings.Count > 0 ? findings : [Finding.Ok(Name, "one process carries out changes")];
    }

    /// <summary>The ways in beside the one in use. The FIFO beside the datagram socket is one that kamrpc reads over.</summary>
    private static IEnumerable<Way> Others(KamailioObservation kamailio, IReadOnlyList<KamailioProcess> processes, IReadOnlyList<string> modules)
    {
        var address = kamailio.Address;
        var isBinRpc = address?.Protocol == RpcProtocol.BinRpc;
        if (isBinRpc && (Has(Datagram) || Has(Fifo)))
        {
            yield return new("jsonrpcs (datagram socket or FIFO)", "modparam(\"jsonrpcs\", \"dgram_mode\", 0600)  modparam(\"jsonrpcs\", \"fifo_mode\", 0600)")
            {
                IsShut = (!Has(Datagram) || IsOwnersOnly(kamailio, SocketKind.JsonDatagram)) && (!Has(Fifo) || IsOwnersOnly(kamailio, SocketKind.JsonFifo)),
            };
        }

        if (!isBinRpc && Has(Ctl))
        {
            yield return new("ctl", "modparam(\"ctl\", \"mode\", 0600)") { IsShut = IsOwnersOnly(kamailio, SocketKind.Ctl) };
        }

        if (!isBinRpc && Has(Fifo) && address?.Transport != RpcTransport.Fifo)
        {
            yield return new("the FIFO", "modparam(\"jsonrpcs\", \"fifo_mode\", 0600)") { IsShut = IsOwnersOnly(kamailio, SocketKind.JsonFifo) };
        }

        if (Has(Tcp) && address is not { Protocol: RpcProtocol.JsonRpc, Transport: RpcTransport.Tcp })
        {
            yield return new("jsonrpcs over TCP", NoTcpNorHttp);
        }

        if (Has(Datagram) && address is { Protocol: RpcProtocol.JsonRpc, Transport: RpcTransport.Tcp or RpcTransport.Http })
        {
            yield return new("jsonrpcs' datagram socket", "--kamailio " + KamailioAddress.Default);
        }

        var mayBeHttp = !kamailio.Transport.Try(out var transport, out _) || transport.Value == 0 || (transport.Value & HttpBit) != 0;
        if (address?.Transport != RpcTransport.Http && modules.Contains("xhttp") && modules.Contains("jsonrpcs") && mayBeHttp)
        {
            yield return new("jsonrpcs over HTTP, in every TCP process,", NoTcpNorHttp);
        }

        if (modules.Contains("xhttp_rpc"))
        {
            yield return new("xhttp_rpc, in every TCP process,", "# loadmodule \"xhttp_rpc.so\"");
        }

        bool Has(string description) => processes.Any(process => process.Description == description);
    }

    /// <summary>Whether only Kamailio's own user, and root, can use it. Where no such file was found it is closed to whom it concerns.</summary>
    private static bool IsOwnersOnly(KamailioObservation kamailio, SocketKind kind)
    {
        var sockets = kamailio.Sockets.Where(socket => socket.Kind == kind).ToList();
        return sockets.Count == 0
            ? kind == SocketKind.JsonFifo
            : sockets.TrueForAll(static socket => socket.File is { } file && (file.Mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0);
    }

    private sealed record Way(string Name, string Fix)
    {
        /// <summary>Whether nobody finds it by chance: a note, no problem.</summary>
        public bool IsShut { get; init; }
    }
}
