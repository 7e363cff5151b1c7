using System.Net;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether destinations have names, which Kamailio resolves anew at every change, waiting, and drops when they do not resolve.</summary>
internal static partial class HostNamesCheck
{
    private const string InKamailio = "kamailio.host-names";
    private const string InEtcd = "etcd.host-names";
    private const string Consequence = "Kamailio resolves them at every change of its table, waits for it, and drops those that do not resolve";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return Finding.Unknown(InKamailio, trouble);
        }

        if (list.TooLong is not null)
        {
            return Finding.Unknown(InKamailio, "the list of destinations cannot be read");
        }

        var names = list.Destinations.Select(static destination => destination.Uri).Where(HasName).Distinct().ToList();
        return names.Count == 0
            ? Finding.Ok(InKamailio, $"{Wording.Count(list.Destinations.Count, "destination")}, all with addresses")
            : Finding.Warning(InKamailio, $"destinations with host names: {Wording.List(names)}; {Consequence}", "kamrpc announce --uri sip:ADDRESS:PORT, or the address in Kamailio's list file");
    }

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Members.Try(out var members, out var trouble))
        {
            return Finding.Unknown(InEtcd, trouble);
        }

        var names = members.Where(static member => member.Uri.Address is null).Select(static member => $"{member.Key.Name} ({member.Uri.Text})").ToList();
        return names.Count == 0
            ? Finding.Ok(InEtcd, $"{Wording.Count(members.Count, "member")}, all with addresses")
            : Finding.Warning(InEtcd, $"members with host names: {Wording.List(names)}; {Consequence}", "kamrpc announce --uri sip:ADDRESS:PORT");
    }

    /// <summary>Of whatever URI: an operator's may have a user and parameters, which <see cref="SipUri"/> does not take.</summary>
    private static bool HasName(string uri) => Host().Match(uri) is { Success: true } match && !IPAddress.TryParse(match.Groups[1].Value, out _);

    [GeneratedRegex(@"^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Host();
}
