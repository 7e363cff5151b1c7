using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>Whether Kamailio answers, where, and how fast; and if not, what of the causes can be seen from here.</summary>
internal static class ReachabilityCheck
{
    private const string Name = Causes.Kamailio;

    public static Finding Of(KamailioObservation kamailio)
    {
        var tried = string.Join("; ", kamailio.Failures);
        var trouble = $"no Kamailio answers at the usual sockets: {tried}";
        if (kamailio.Address is { } address)
        {
            if (kamailio.Reply.Try(out var elapsed, out var silence))
            {
                return Finding.Ok(Name, $"{address} answers in {Wording.Milliseconds(elapsed)}{(tried.Length > 0 ? $"; tried before: {tried}" : string.Empty)}");
            }

            trouble = silence.Text;
        }

        var causes = kamailio.IsSilent ? SilenceCauses.Of(kamailio) : NobodyListensCauses.Of(kamailio);
        var fixes = causes.Select(static cause => cause.Fix).OfType<string>().Distinct().ToList();
        return Finding.Error(
            Name,
            string.Join(". ", causes.Select(static cause => cause.Text).Prepend(trouble)),
            fixes.Count > 0 ? string.Join(". Or: ", fixes)
            : kamailio.Address is null ? "--kamailio ADDRESS, and include_file \"kamrpc-dispatcher.cfg\" in kamailio.cfg"
            : "--kamailio ADDRESS, or --kamailio auto; kamrpc as Kamailio's user");
    }
}

/// <summary>Why Kamailio does not answer, as far as it can be seen.</summary>
/// <param name="Text">What is so.</param>
/// <param name="Fix">What to do; null where that is said elsewhere.</param>
internal sealed record Cause(string Text, string? Fix)
{
    /// <summary>How to be another user.</summary>
    public static string As(string user) => $"kamrpc as user {user}: User={user} in its unit, by hand sudo -u {user} kamrpc doctor";
}
