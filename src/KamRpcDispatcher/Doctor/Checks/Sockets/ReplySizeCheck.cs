using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>How much longer the list of destinations may become before it does not fit into a reply.</summary>
internal static class ReplySizeCheck
{
    private const string Name = Causes.List;

    /// <summary>Measured: one byte more and Kamailio cannot send the datagram.</summary>
    private const int UnixDatagram = 131_040;

    private const int Udp = 65_507;

    /// <summary>Of a reply around the result: <c>{"jsonrpc":"2.0","result":...,"id":N}</c>.</summary>
    private const int Envelope = 48;

    /// <summary>Of a destination as kamrpc adds it; for an empty list.</summary>
    private const int UsualDestination = 200;

    /// <summary>
    /// What ctl needs for a destination in the structure of its set. Measured with 5.6.3: with 8 KiB, 1,024 destinations a set are listed, with
    /// one more it answers "Internal error creating dest".
    /// </summary>
    private const int BinrpcEntry = 8;

    private const int Percent = 70;

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            // Without the module there is no such command.
            return Finding.Unknown(Name, kamailio.Modules.Try(out var modules, out _) && !modules.Contains("dispatcher") ? trouble with { Because = Causes.Modules }
                : trouble.Because == Causes.List ? trouble.Text
                : trouble);
        }

        var address = kamailio.Address!;
        if (list.ReadOver is { } other)
        {
            return Finding.Ok(Name, $"{Wording.Count(list.Destinations.Count, "destination")} do not fit into a reply over {address}; they are read over {other}, of any length");
        }

        if (list.TooLong is { } tooLong)
        {
            return Finding.Error(Name, $"the list of destinations does not fit into a reply over {address}: {tooLong}", Fix(kamailio, address));
        }

        int? limit = address switch
        {
            { Transport: RpcTransport.Udp } => Udp,
            { Transport: RpcTransport.UnixDatagram, Protocol: RpcProtocol.JsonRpc } => UnixDatagram,
            _ => null,
        };
        return limit is not null
            ? OfBytes(kamailio, address, list, limit.Value)
            : address.Protocol == RpcProtocol.BinRpc
                ? OfStructures(kamailio, address, list)
                : Finding.Ok(Name, $"{Wording.Count(list.Destinations.Count, "destination")}; replies over {address} may be of any length");
    }

    /// <summary>A reply is one datagram, or, from ctl over UDP, several that the kernel has to keep: of about the length of JSON.</summary>
    private static Finding OfBytes(KamailioObservation kamailio, KamailioAddress address, ListReply list, int limit)
    {
        var bytes = list.Bytes + Envelope;
        var each = list.Destinations.Count > 0 ? (double)list.Bytes / list.Destinations.Count : UsualDestination;
        return Of(
            kamailio,
            address,
            (double)bytes / limit,
            FormattableString.Invariant(
                $"the list takes {bytes} of {limit} bytes ({100.0 * bytes / limit:0} %); about {(int)((limit - Envelope) / each)} destinations like these fit, {list.Destinations.Count} are there"));
    }

    private static Finding OfStructures(KamailioObservation kamailio, KamailioAddress address, ListReply list)
    {
        if (!kamailio.BinrpcStructure.Try(out var structure, out var trouble))
        {
            return Finding.Unknown(Name, trouble with { Text = $"binrpc_struct_max_body_size is not known: {trouble}" }, Fix(kamailio, address));
        }

        var limit = structure.Value * 1024 / BinrpcEntry;
        var largest = list.Destinations.CountBy(static destination => destination.Set).Select(static set => set.Value).DefaultIfEmpty(0).Max();
        return Of(
            kamailio,
            address,
            (double)largest / limit,
            FormattableString.Invariant($"the largest set has {Wording.Count(largest, "destination")}; {limit} fit into a structure of ctl ({structure.Source})"));
    }

    private static Finding Of(KamailioObservation kamailio, KamailioAddress address, double share, string text) =>
        share * 100 <= Percent ? Finding.Ok(Name, text)
        : address.Protocol == RpcProtocol.JsonRpc && Fifo(kamailio) is { } fifo ? Finding.Ok(Name, $"{text}; longer ones are read over {fifo.Name}")
        : Finding.Warning(Name, text, Fix(kamailio, address));

    private static string Fix(KamailioObservation kamailio, KamailioAddress address)
    {
        if (address is { Protocol: RpcProtocol.BinRpc })
        {
            return address.DropsLongReplies ? "--kamailio binrpc+unix:/run/kamailio/kamailio_ctl" : "modparam(\"ctl\", \"binrpc_struct_max_body_size\", 64)";
        }

        const int Fifos = 2;
        return Fifo(kamailio) is { } fifo ? $"kamrpc dispatch --kamailio-read jsonrpc+fifo:{fifo.Name}"
            : kamailio.Transport.Try(out var transport, out _) && (transport.Value == 0 || (transport.Value & Fifos) != 0)
                ? FormattableString.Invariant($"systemctl restart kamailio: by transport {transport.Value} ({transport.Source}) it has made a FIFO, whose file is not there any more, and makes it again")
            : "#!define KAMRPC_TRANSPORT 6  and  kamrpc dispatch --kamailio-read jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo";
    }

    private static RpcSocket? Fifo(KamailioObservation kamailio) => kamailio.Sockets.FirstOrDefault(static socket => socket is { Kind: SocketKind.JsonFifo, File: not null });
}
