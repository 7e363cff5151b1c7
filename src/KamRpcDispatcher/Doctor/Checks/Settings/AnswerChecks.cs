using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Which answers Kamailio takes for a sign of life, and after which a call is tried at the next destination.</summary>
internal static class AnswerChecks
{
    private const string PingDefine = "KAMRPC_PING_CODES";
    private const string ConfigFile = "--kamailio-cfg FILE";

    public static Finding OfPings(KamailioObservation kamailio)
    {
        const string Name = "kamailio.ping-codes";
        var (codes, place) = (kamailio.PingCodes, PingDefine);
        if (kamailio.Config.Try(out var config, out var trouble))
        {
            var line = config.Of("dispatcher", "ds_ping_reply_codes").LastOrDefault();
            if (line is { IsCertain: false })
            {
                return Finding.Unknown(Name, $"{line.Place} depends on an expression that only Kamailio evaluates", ConfigFile);
            }

            (codes, place) = (line?.Value ?? string.Empty, line?.Place ?? string.Empty);
        }

        if (codes is null)
        {
            return Finding.Unknown(Name, trouble!, ConfigFile);
        }

        if (PingCodes.CountingSilence(codes) is { Count: > 0 } silence)
        {
            var better = PingCodes.Without(codes, silence);
            return Finding.Error(
                Name,
                $"{string.Join(" and ", silence)} in ds_ping_reply_codes ({place}): {PingCodes.Consequence}",
                $"{(kamailio.PingCodes is null ? $"modparam(\"dispatcher\", \"ds_ping_reply_codes\", \"{better}\")" : $"#!define {PingDefine} \"{better}\"")}, and of class 4 the codes one by one, such as code=404");
        }

        return Finding.Ok(Name, codes.Length > 0 ? $"{string.Join("; ", codes.Split(';', StringSplitOptions.TrimEntries))} ({place})" : "2xx alone");
    }

    public static Finding OfFailover(KamailioObservation kamailio)
    {
        const string Name = "kamailio.failover-codes";
        if (kamailio.FailoverCodes is not { } codes)
        {
            return kamailio.Config.Try(out _, out var trouble) ? Finding.Ok(Name, "not those of kamrpc's snippet") : Finding.Unknown(Name, trouble, ConfigFile);
        }

        return FailoverCodes.MatchesAll(codes)
            ? Finding.Warning(Name, $"{FailoverCodes.Define} \"{codes}\" {FailoverCodes.Consequence}", $"{FailoverCodes.Usual}, without an empty alternative")
            : Finding.Ok(Name, codes);
    }
}
