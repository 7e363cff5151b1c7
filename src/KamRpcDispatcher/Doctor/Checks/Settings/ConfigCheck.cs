using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether the configuration that Kamailio works with could be read: for what Kamailio does not tell.</summary>
internal static class ConfigCheck
{
    public static Finding Of(KamailioObservation kamailio) =>
        kamailio.Config.Try(out var config, out var trouble)
            ? Finding.Ok(Causes.Config, $"{config.Files[0]}{(config.Files.Count > 1 ? $" and {Wording.Count(config.Files.Count - 1, "file")} that it includes" : string.Empty)}: read")
            : Finding.Unknown(Causes.Config, trouble.Because == Causes.Config ? trouble.Text : trouble, "--kamailio-cfg FILE");
}
