using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether this release of Kamailio can be used, and is known.</summary>
internal static class VersionCheck
{
    private const string Name = "kamailio.version";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.Version.Try(out var version, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        return version switch
        {
            { IsAssumed: true } => Finding.Unknown(Name, $"'{kamailio.VersionText}' is no version that can be read; it is taken for {KamailioVersion.NewestKnown}"),
            { HasAttributes: false } => Finding.Error(Name, $"Kamailio {version}: dispatcher.add takes no attributes before 5.4, so that own destinations cannot be told from others", "install Kamailio 5.4 or later"),
            { IsKnown: false } => Finding.Warning(
                Name, $"Kamailio {version} is newer than {KamailioVersion.NewestKnown}, the newest that kamrpc knows", "try it on a system without calls first, or install a release of kamrpc that knows it"),
            _ => Finding.Ok(Name, kamailio.VersionText ?? $"kamailio {version}"),
        };
    }
}
