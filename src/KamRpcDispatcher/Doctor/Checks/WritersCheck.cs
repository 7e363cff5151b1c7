using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether somebody else can change the table of destinations at the same time, which corrupts Kamailio's memory.</summary>
internal static class WritersCheck
{
    private const string Name = "kamailio.writers";
    private const string Datagram = "JSONRPCS DATAGRAM";
    private const string Fifo = "JSONRPCS FIFO";
    private const string Tcp = "JSONRPCS TCP";
    private const string Ctl = "ctl handler";
    private const string DatagramOnly = "modparam(\"jsonrpcs\", \"transport\", 4)";

    /// <summary>Of jsonrpcs' <c>transport</c>.</summary>
    private const int HttpBit = 1;

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.Processes.Try(out var processes, out var trouble) || !kamailio.Modules.Try(out var modules, out trouble))
        {
            return [Finding.Unknown(Name, trouble)];
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

        findings.AddRange(Others(kamailio, processes, modules).Select(static other => Finding.Warning(
            Name, $"{other.Way} is another way in: what is changed there at the same time corrupts Kamailio's memory", other.Fix)));
        return findings.Count > 0 ? findings : [Finding.Ok(Name, Alone(processes))];
    }

    private static string Alone(IReadOnlyList<KamailioProcess> processes) => processes.Any(static process => process.Description == Fifo)
        ? "one process carries out changes; the FIFO is open too: for reading long lists only, change nothing over it"
        : "one process carries out changes";

    /// <summary>The ways in beside the one in use. The FIFO beside the datagram socket is one that kamrpc reads over.</summary>
    private static IEnumerable<(string Way, string Fix)> Others(KamailioObservation kamailio, IReadOnlyList<KamailioProcess> processes, IReadOnlyList<string> modules)
    {
        var address = kamailio.Address;
        var isBinRpc = address?.Protocol == RpcProtocol.BinRpc;
        if (isBinRpc && (Has(Datagram) || Has(Fifo)))
        {
            yield return ("jsonrpcs (datagram socket or FIFO)", "# loadmodule \"jsonrpcs.so\"");
        }

        if (!isBinRpc && Has(Ctl))
        {
            yield return ("ctl (kamcmd)", "# loadmodule \"ctl.so\"");
        }

        if (Has(Tcp) && address is not { Protocol: RpcProtocol.JsonRpc, Transport: RpcTransport.Tcp })
        {
            yield return ("jsonrpcs over TCP", DatagramOnly);
        }

        if (Has(Datagram) && address is { Protocol: RpcProtocol.JsonRpc, Transport: RpcTransport.Tcp or RpcTransport.Http })
        {
            yield return ("jsonrpcs' datagram socket", "--kamailio " + KamailioAddress.Default);
        }

        var mayBeHttp = !kamailio.Transport.Try(out var transport, out _) || transport.Value == 0 || (transport.Value & HttpBit) != 0;
        if (address?.Transport != RpcTransport.Http && modules.Contains("xhttp") && modules.Contains("jsonrpcs") && mayBeHttp)
        {
            yield return ("jsonrpcs over HTTP, in every TCP process,", DatagramOnly);
        }

        if (modules.Contains("xhttp_rpc"))
        {
            yield return ("xhttp_rpc, in every TCP process,", "# loadmodule \"xhttp_rpc.so\"");
        }

        bool Has(string description) => processes.Any(process => process.Description == description);
    }
}
