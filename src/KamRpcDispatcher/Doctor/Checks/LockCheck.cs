using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether a dispatcher is at work; for information.</summary>
internal static class LockCheck
{
    private const string Name = "kamailio.dispatcher";

    public static Finding Of(KamailioObservation kamailio) => kamailio switch
    {
        { Address: null } => Finding.Unknown(Name, KamailioObservation.NotReached),
        { LockHolder: { } holder } => Finding.Ok(Name, $"kept in step by {holder}"),
        _ => Finding.Ok(Name, "no kamrpc dispatch on this machine holds its lock"),
    };
}
