using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>
/// What there is to do for members without calls, or with calls that they are not to get. A dispatcher that is at work is the only one to change
/// Kamailio's list, and mends what it can by itself: nobody is told to do so beside it.
/// </summary>
internal static class RoutableAdvice
{
    public const string Missing = "not in Kamailio's list";
    public const string Silent = "inactive in Kamailio's list: no answer to its pings, or failed calls";
    public const string Off = "disabled in Kamailio's list";
    public const string Nobody = "not announced any more, or never was";
    public const string InNoSource = "in no source of members";
    public const string Unseen = "of a source that is not seen";
    public const string Unusable = "announced by records that cannot be used";
    public const string Serving = "to get no calls, and gets them";
    public const string Drained = "drained by an operator";
    public const string Unsendable = "to which Kamailio cannot send";

    /// <param name="reasons">Those that were found, in words of this class; others are the members' own.</param>
    /// <param name="kamailio">Says whether a dispatcher is at work on it, and where it listens.</param>
    /// <param name="cluster">The one that is examined.</param>
    public static string For(IReadOnlyCollection<string> reasons, KamailioObservation kamailio, string cluster) =>
        string.Join("; ", Each(reasons.ToHashSet(StringComparer.Ordinal), kamailio, cluster));

    private static IEnumerable<string> Each(HashSet<string> reasons, KamailioObservation kamailio, string cluster)
    {
        if (reasons.Overlaps([Missing, Off, Serving]))
        {
            yield return DispatcherCheck.ClusterAtWork(kamailio) is { } other && other != cluster
                ? $"kamrpc doctor --cluster {SafeText.Shorten(other)}: the kamrpc dispatch at work here follows that one"
                : DispatcherCheck.IsServed(kamailio) == true
                    ? "the kamrpc dispatch at work here mends that by itself at its next look (--resync); if it stays so, kamrpc status says what holds it up"
                    : "kamrpc dispatch beside this Kamailio, which brings its list in step with what is announced";
        }

        if (reasons.Contains(Missing))
        {
            yield return "its --set and --allow-attr have to allow these; kamrpc doctor --set SET if they are another Kamailio's";
        }

        if (reasons.Contains(Unsendable))
        {
            yield return $"{kamailio.ListenLine}, and what that transport needs (TLS, SCTP, websocket), in kamailio.cfg; or announce a --transport and an address that it has a socket for";
        }

        if (reasons.Contains(Silent))
        {
            yield return "let the server answer Kamailio's OPTIONS (a firewall, or another address than that of --uri), see the log of Kamailio";
        }

        if (reasons.Contains(Nobody))
        {
            yield return "kamrpc announce beside each SIP server of it, with the same --etcd and --cluster; a set that is not meant to be there any more is forgotten when kamrpc dispatch is restarted without a --set that names it";
        }

        if (reasons.Contains(InNoSource))
        {
            yield return "put the members of that set where they come from (--source of the kamrpc dispatch at work here); a set that is not meant to be there any more is forgotten when that is restarted without a --set that names it";
        }

        if (reasons.Contains(Unseen))
        {
            yield return "kamrpc doctor on that dispatcher's host, as its user or root, asks it for these members; kamrpc explain NAME there, without --etcd, says why one gets no calls";
        }

        if (reasons.Contains(Unusable))
        {
            yield return "whoever writes these records, see etcd.members: kamrpc announce writes none that cannot be used";
        }

        if (reasons.Contains(Drained))
        {
            yield return "kamrpc resume NAME takes a drain back, with --force one of somebody else's; kamrpc status says whose it is, and why";
        }

        if (reasons.Except([Missing, Off, Serving, Unsendable, Silent, Nobody, InNoSource, Unseen, Unusable, Drained]).Any())
        {
            yield return "kamrpc announce beside these servers says in its log why they are not ready";
        }
    }
}
