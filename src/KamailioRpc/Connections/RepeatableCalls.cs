using System.Collections.Frozen;

namespace KamailioRpc.Connections;

/// <summary>Which calls may be sent again while their reply is waited for.</summary>
internal static class RepeatableCalls
{
    /// <summary>Reads, and what sets a value to what it is set to already. A structural change is none: a second <c>dispatcher.add</c> makes a second destination.</summary>
    private static readonly FrozenSet<string> Harmless = new[]
    {
        "core.arg", "core.echo", "core.modules", "core.psx", "core.shmmem", "core.uptime", "core.version", "dispatcher.list", "dispatcher.set_duid_state", "dispatcher.set_state",
        "dlg.profile_get_size", "dlg.stats_active", "htable.delete", "htable.get", "htable.seti", "htable.sets", "modparam.getn",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a call over that way may be lost with nobody told, and does no harm twice.</summary>
    public static bool Include(RpcTransport transport, string method) => transport is RpcTransport.UnixDatagram or RpcTransport.Udp && Harmless.Contains(method);
}
