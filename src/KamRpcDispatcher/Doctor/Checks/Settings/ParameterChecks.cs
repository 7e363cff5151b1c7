using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether parameters have the values that kamrpc needs.</summary>
internal static class ParameterChecks
{
    public static Finding OfReloadDelta(KamailioObservation kamailio) => Of(
        "kamailio.reload-delta",
        kamailio.ReloadDelta,
        static value => value == 0,
        "reload_delta",
        value => $"Kamailio refuses a change for {Wording.Count(value, "second")} after each one",
        "modparam(\"dispatcher\", \"reload_delta\", 0)");

    /// <summary>
    /// 1, so that a refused destination is told; 0 from 6.2 on, where a refused one is the last that is answered, and with a list that is kept for Kamailio's starts, since one bad
    /// line would keep it from starting. The list is read back in any case.
    /// </summary>
    public static Finding OfLoadMode(KamailioObservation kamailio)
    {
        var isCounted = Releases.HasCountedTable(kamailio);
        var wanted = isCounted || kamailio.HasBootList ? 0 : 1;
        return Of(
            "kamailio.load-mode",
            kamailio.LoadMode,
            value => value == wanted,
            "ds_load_mode",
            _ => wanted == 1 ? "Kamailio says Ok to a destination that it did not add"
                : isCounted ? "on 6.2, after one destination that Kamailio refuses, no change returns any more, nor does anything else over RPC"
                : "one destination in the list that it loads at its start (--boot-list) that it cannot use would keep Kamailio from starting, and many changes are made one by one",
            FormattableString.Invariant($"modparam(\"dispatcher\", \"ds_load_mode\", {wanted}){(wanted == 0 && !isCounted ? ", or #!define KAMRPC_LOAD_MODE 0" : string.Empty)}"));
    }

    public static Finding OfPrettyFormat(KamailioObservation kamailio)
    {
        const string Name = "kamailio.pretty-format";
        if (kamailio.Address?.Protocol == RpcProtocol.BinRpc)
        {
            return Finding.Ok(Name, "not applicable: BINRPC has no line breaks");
        }

        if (!kamailio.IsPretty.Try(out var isPretty, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        return isPretty
            ? Finding.Warning(Name, "replies are indented, which nearly doubles their length: half as many destinations fit into one", "modparam(\"jsonrpcs\", \"pretty_format\", 0)")
            : Finding.Ok(Name, "replies are not indented");
    }

    private static Finding Of(string check, Observed<Parameter> seen, Func<int, bool> isRight, string parameter, Func<int, string> consequence, string fix)
    {
        if (!seen.Try(out var value, out var trouble))
        {
            return Finding.Unknown(check, trouble, "--kamailio-cfg FILE");
        }

        var text = FormattableString.Invariant($"{parameter} is {value.Value} ({value.Source})");
        return isRight(value.Value) ? Finding.Ok(check, text) : Finding.Error(check, $"{text}: {consequence(value.Value)}", fix);
    }
}
