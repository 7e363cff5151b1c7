using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>
/// What the dispatchers themselves say that is not as it should be, as <c>kamrpc status</c> tells it: of the one at work here what no other check
/// tells, of the others all that keeps calls from where they belong.
/// </summary>
internal static class ReportsCheck
{
    private const string Name = "etcd.reports";

    /// <summary>So old a report may be before that is told.</summary>
    private static readonly TimeSpan Stale = 3 * ProxyStatus.WrittenEvery;

    private static readonly string Lasting = FormattableString.Invariant($", for {ProxyLag.Patience.TotalSeconds:0} s or longer");

    public static Finding Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (!etcd.Proxies.Try(out var proxies, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        var here = DispatcherCheck.ProxyAtWork(kamailio);
        var remarks = proxies.SelectMany(proxy => Remarks(proxy, proxy.Name == here, etcd).Select(remark => (remark.IsError, Text: $"{SafeText.Shorten(proxy.Name)}: {remark.Text}"))).ToList();
        if (remarks.Count == 0)
        {
            return Finding.Ok(Name, proxies.Count == 0 ? "no proxy reports" : $"{(proxies.Count == 1 ? "the 1 proxy reports" : $"the {proxies.Count} proxies report")} no trouble that is not told above");
        }

        // What is an error is not to be hidden behind what is none.
        var text = Wording.List([.. remarks.OrderByDescending(static remark => remark.IsError).Select(static remark => remark.Text)]);
        const string Fix = "kamrpc status has all of it, and the log of that kamrpc dispatch the reasons";
        return remarks.Exists(static remark => remark.IsError) ? Finding.Error(Name, text, Fix) : Finding.Warning(Name, text, Fix);
    }

    /// <param name="proxy">The proxy.</param>
    /// <param name="isHere">Whether it serves the Kamailio that is examined: <see cref="DispatcherCheck"/> and <see cref="RoutableCheck"/> tell of that.</param>
    /// <param name="etcd">Where its report was read, and when.</param>
    private static IEnumerable<(bool IsError, string Text)> Remarks(ReportingProxy proxy, bool isHere, EtcdObservation etcd)
    {
        if (proxy.Status is not { } status)
        {
            return isHere ? [] : [(false, $"its report cannot be read: {SafeText.Shorten(proxy.Error ?? string.Empty, ProxyTrouble.MostTextLength)}")];
        }

        // That two have one name is a check of its own; that Kamailio is lost is told with the contact.
        var troubles = status.Troubles.Where(static trouble => trouble.Kind is not (TroubleKind.Name or TroubleKind.Kamailio)).ToList();
        var told = isHere && DispatcherCheck.Told(status) is { } first ? troubles.FindAll(trouble => trouble != first) : troubles;
        return
        [
            .. told.Select(static trouble => (TroubleKind.IsError(trouble.Kind), $"{SafeText.Shorten(trouble.Kind, 20)}: {SafeText.Shorten(trouble.Text, ProxyTrouble.MostTextLength)}")),
            .. status.Hangs ? [(true, OfHanging(status.Loop!))] : Array.Empty<(bool, string)>(),
            .. OfIntents(status, etcd),
            .. OfMany(status.Quarantined.Length + status.MoreQuarantined, static count => $"{Wording.Count(count, "destination")} cannot be put into Kamailio"),
            .. isHere ? [] : OfAnother(status, etcd.ReadAt),
            .. isHere ? [] : OfLag(etcd.Lags.GetValueOrDefault(proxy.Name)),
        ];
    }

    /// <summary>Whom an operator drains goes on getting calls where nobody follows that.</summary>
    private static IEnumerable<(bool IsError, string Text)> OfIntents(ProxyStatus status, EtcdObservation etcd) =>
        !status.FollowsIntents && etcd.Intents.Keys.Any(key => status.Serves.IsEmpty || status.Serves.Contains(key.Set))
            ? [(false, "it follows no intents (an older kamrpc, or its etcd role may not read them): whom operators drain may go on getting calls there")]
            : [];

    private static IEnumerable<(bool IsError, string Text)> OfAnother(ProxyStatus status, DateTimeOffset now)
    {
        if (status.Contact is { Answers: false } contact)
        {
            yield return (true, $"its Kamailio does not answer it{(contact.Reason is { } reason ? $" ({SafeText.Shorten(reason, 400)})" : string.Empty)}");
        }

        if (status.WrittenAt is { } written && now - written > Stale)
        {
            yield return (false, FormattableString.Invariant($"its report is {(now - written).TotalSeconds:0} s old, where one comes every {ProxyStatus.WrittenEvery.TotalSeconds:0} s"));
        }

        if (status.Version is null || status.WrittenAt is null)
        {
            yield return (false, "it is an older kamrpc, which does not say whether its Kamailio answers");
        }

        else if (status.Contact is null)
        {
            yield return (false, "it has not seen its Kamailio yet");
        }

        if (status.IsFromSnapshot)
        {
            yield return (false, "it works from a saved membership, or with a part of one, since it has not read yet where its members come from");
        }

        if (status is { Contact.Answers: true, Hangs: false, IsListOld: true })
        {
            yield return (false, FormattableString.Invariant($"it is at changes, and has not read its Kamailio's list for {status.ListAge.TotalSeconds:0} s"));
        }

        foreach (var source in status.SourcesAway)
        {
            yield return (true, SourcesCheck.Text(MemberSource.Of(source), now));
        }

        var held = status.Held.Length + status.MoreHeld;
        var without = status.Deviations.Count(static deviation => deviation.Kind is DeviationKind.Missing or DeviationKind.Inactive or DeviationKind.Disabled);
        var empty = status is { Contact.Answers: true } ? status.Sets.Where(static set => set.Value is { Routable: 0, Wanted: not null }).Select(static set => set.Key).ToList() : [];
        if (empty.Count > 0)
        {
            yield return (false, $"no destination of {Wording.Sets(empty)} gets calls there");
        }

        var serving = status.Deviations.Count(static deviation => deviation.Kind == DeviationKind.Serving);
        foreach (var remark in OfMany(held, static count => $"it keeps {Wording.Count(count, "expired member")} in its list (PANIC)")
            .Concat(OfMany(without, static count => $"{Wording.Count(count, "ready member")} without calls there"))
            .Concat(OfMany(serving, static count => $"{Wording.Count(count, "member")} to get no calls, and getting them there")))
        {
            yield return remark;
        }
    }

    /// <summary>What it has not followed: it may send calls to who has left, and none to who has come.</summary>
    private static IEnumerable<(bool IsError, string Text)> OfLag(ProxyLag lag) =>
    [
        .. OfMany(lag.Behind, static count => $"it is {Wording.Count(count, "revision")} behind the newest member record{Lasting}"),
        .. OfMany(lag.BehindIntents, static count => $"it is {Wording.Count(count, "revision")} behind the newest intent of an operator's{Lasting}"),
        .. OfMany(lag.Gone, static count => $"it does not follow the members: it goes by {Wording.Count(count, "record")} more or fewer than etcd has{Lasting}"),
        .. OfMany(lag.Owed, static count => $"it owes its Kamailio {Wording.Count(count, "change")}{Lasting}"),
    ];

    private static string OfHanging(LoopStatus loop) => string.Create(
        CultureInfo.InvariantCulture, $"its dispatcher hangs, and follows nothing ({SafeText.Shorten(loop.Step, 20)}, for {loop.For.TotalSeconds:0} s of {loop.Longest.TotalSeconds:0} s at most): a restart of it hurts no call");

    private static IEnumerable<(bool IsError, string Text)> OfMany(long count, Func<long, string> text) => count > 0 ? [(false, text(count))] : [];
}
