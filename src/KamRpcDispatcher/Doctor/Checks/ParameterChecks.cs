using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

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

    public static Finding OfLoadMode(KamailioObservation kamailio) => Of(
        "kamailio.load-mode",
        kamailio.LoadMode,
        static value => value == 1,
        "ds_load_mode",
        static _ => "Kamailio says Ok to a destination that it did not add",
        "modparam(\"dispatcher\", \"ds_load_mode\", 1)");

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

    private static Finding Of(string check, Seen<Parameter> seen, Func<int, bool> isRight, string parameter, Func<int, string> consequence, string fix)
    {
        if (!seen.Try(out var value, out var trouble))
        {
            return Finding.Unknown(check, trouble, trouble == KamailioObservation.NotReached ? null : "--kamailio-cfg FILE");
        }

        var text = FormattableString.Invariant($"{parameter} is {value.Value} ({value.Source})");
        return isRight(value.Value) ? Finding.Ok(check, text) : Finding.Error(check, $"{text}: {consequence(value.Value)}", fix);
    }
}
