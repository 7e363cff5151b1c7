using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether Kamailio answers, where, and how fast.</summary>
internal static class ReachabilityCheck
{
    private const string Name = "kamailio.reachable";

    public static Finding Of(KamailioObservation kamailio)
    {
        var tried = kamailio.Failures.Count > 0 ? $"; tried before: {string.Join("; ", kamailio.Failures)}" : string.Empty;
        if (kamailio.Address is not { } address)
        {
            return Finding.Error(Name, $"no Kamailio answers at the usual sockets: {string.Join("; ", kamailio.Failures)}", "--kamailio ADDRESS, and loadmodule \"jsonrpcs.so\" in kamailio.cfg");
        }

        return kamailio.Reply.Try(out var elapsed, out var trouble)
            ? Finding.Ok(Name, $"{address} answers in {Wording.Milliseconds(elapsed)}{tried}")
            : Finding.Error(Name, trouble, "--kamailio ADDRESS, or --kamailio auto; kamrpc as Kamailio's user");
    }
}
