using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether a dispatcher is at work, and whether a second one would be noticed.</summary>
internal static class LockCheck
{
    private const string Name = "kamailio.dispatcher";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (kamailio.Address is null)
        {
            return Finding.Unknown(Name, KamailioObservation.NotReached);
        }

        if (!kamailio.Mark.Try(out var marked, out var trouble) && trouble != KamailioObservation.NotReached)
        {
            var atWork = kamailio.LockHolder is { } holder ? $"kept in step by {holder}; " : string.Empty;
            return Finding.Warning(
                Name,
                $"{atWork}Kamailio has no place for a dispatcher's mark ({trouble}): a second one, by another address or from another host, would not be noticed",
                KamailioObservation.MarkLines);
        }

        return (marked is { Length: > 0 } ? marked : kamailio.LockHolder) is { } known
            ? Finding.Ok(Name, $"kept in step by {known}")
            : Finding.Ok(Name, "no kamrpc dispatch holds its lock or has left its mark");
    }
}
