using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>
/// Whether a dispatcher keeps this Kamailio in step: somebody has its lock or has left a mark in it, and reports in etcd that it reaches it.
/// And whether a second one would be noticed.
/// </summary>
internal static class DispatcherCheck
{
    private const string Name = "kamailio.dispatcher";
    private const string Start = "kamrpc dispatch --etcd ... as Kamailio's user, beside it: systemctl start kamrpc-dispatch";

    /// <summary>A report is written on each change, else every <see cref="ProxyStatus.WrittenEvery"/>; clocks may differ by a little.</summary>
    private static readonly TimeSpan Stale = 3 * ProxyStatus.WrittenEvery;

    public static Finding Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (kamailio.Address is null)
        {
            return Finding.Unknown(Name, KamailioObservation.NotReached);
        }

        var finding = kamailio.StoppedHolder is { } pid ? OfStopped(pid, kamailio)
            : Holder(kamailio) is { } holder ? OfHolder(holder, kamailio, etcd)
            : OfNobody(kamailio, etcd);
        return kamailio.Mark.Try(out _, out var trouble) || trouble.Because == Causes.Kamailio || finding.Severity == Severity.Error
            ? finding
            : Finding.Warning(Name, $"{finding.Text}; Kamailio has no place for a dispatcher's mark ({trouble}): a second one, on another host, or in a container and by another address, would not be noticed", KamailioObservation.MarkLines);
    }

    /// <summary>What the dispatcher that is at work on this Kamailio says of itself; null where none is seen.</summary>
    public static string? Holder(KamailioObservation kamailio) =>
        !kamailio.HasMarkerEnded && kamailio.Mark.Try(out var mark, out _) && mark.Length > 0 ? mark
        : kamailio.LockHolder.Try(out var holder, out _) && holder.Length > 0 ? holder
        : null;

    /// <summary>Whether some dispatcher is at work on this Kamailio; null where that cannot be seen from here.</summary>
    public static bool? IsServed(KamailioObservation kamailio) =>
        kamailio.LockPid is not null || Holder(kamailio) is not null ? true
        : kamailio.Mark.Try(out _, out _) && kamailio.LockHolder.Try(out _, out _) ? false
        : null;

    /// <summary>The cluster of the dispatcher that is at work on this Kamailio; null where it is not seen.</summary>
    public static string? ClusterAtWork(KamailioObservation kamailio) => Holder(kamailio) is { } holder ? Cluster(holder) : null;

    /// <summary>The proxy's name of the dispatcher that is at work on this Kamailio; null where it is not seen.</summary>
    public static string? ProxyAtWork(KamailioObservation kamailio) => Holder(kamailio) is { } holder ? Proxy(holder) : null;

    /// <summary>The trouble of a report that this check tells.</summary>
    public static ProxyTrouble? Told(ProxyStatus status) => status.Troubles.FirstOrDefault(static trouble => TroubleKind.IsError(trouble.Kind));

    private static Finding OfStopped(int pid, KamailioObservation kamailio) => Finding.Error(
        Name,
        FormattableString.Invariant($"{(Holder(kamailio) is { } holder ? SafeText.Shorten(holder, 512) : "the dispatcher that has its lock")} does nothing: PID {pid} is stopped (state T), by SIGSTOP or a debugger"),
        FormattableString.Invariant($"kill -CONT {pid}"));

    private static Finding OfNobody(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (kamailio.LockPid is not null && !kamailio.LockHolder.Try(out _, out var unread))
        {
            return Finding.Unknown(Name, unread, "kamrpc doctor as Kamailio's user, or root");
        }

        // A mark can be read wherever Kamailio answers; the lock only where the directory may be entered.
        var isMarkSeen = kamailio.Mark.Try(out var mark, out var trouble);
        var isLockSeen = kamailio.LockHolder.Try(out _, out var hidden);
        if (!isMarkSeen && (!isLockSeen || trouble!.Because == Causes.Kamailio))
        {
            var text = isLockSeen ? "nobody holds its lock, as far as it is seen from here; whether somebody has left a mark in it is not known while Kamailio does not answer" : hidden!.Text;
            return Finding.Unknown(Name, new Trouble(text, kamailio.Reply.Try(out _, out _) ? null : Causes.Kamailio), "kamrpc doctor as Kamailio's user, or root");
        }

        return OfNobody(etcd, !isMarkSeen ? "nobody holds its lock"
            : mark!.Length > 0 ? $"{SafeText.Shorten(mark, 256)} has left its mark, and has ended"
            : $"nobody {(isLockSeen ? "holds its lock, or " : string.Empty)}has left a mark in it");
    }

    private static Finding OfNobody(EtcdObservation etcd, string seen)
    {
        var text = $"no kamrpc dispatch is at work on this Kamailio: {seen}";
        return etcd.Served.Try(out var members, out _) && members.Count > 0
            ? Finding.Error(Name, $"{text}; nobody brings {Wording.Count(members.Count, "announced member")} into its list, or takes one out", Start)
            : Finding.Note(Name, text, Start);
    }

    private static Finding OfHolder(string holder, KamailioObservation kamailio, EtcdObservation etcd)
    {
        var who = SafeText.Shorten(holder, 512);
        if (!etcd.Proxies.Try(out var proxies, out var trouble))
        {
            return Finding.Unknown(Name, trouble with { Text = $"{who} is at work; whether it reaches Kamailio is not known without its report: {trouble}" });
        }

        if (Cluster(holder) is { } cluster && cluster != etcd.Cluster)
        {
            return Finding.Warning(Name, $"{who} is at work, and cluster {etcd.Cluster} is what is examined", $"kamrpc doctor --cluster {SafeText.Shorten(cluster)}");
        }

        return proxies.FirstOrDefault(proxy => proxy.Name == Proxy(holder)) switch
        {
            null => OfNoReport(who, kamailio),
            { Status: { } status } => OfReport(who, status, etcd),
            var unreadable => Finding.Unknown(Name, $"{who} is at work; whether it reaches Kamailio is not known, its report cannot be read: {unreadable.Error}"),
        };
    }

    private static Finding OfNoReport(string who, KamailioObservation kamailio) =>
        kamailio.LockHolder.Try(out var locked, out _) && locked.Length > 0
            ? Finding.Error(Name, $"{who} is at work and has no report in etcd: it does not reach etcd, or has not yet", "the log of that kamrpc dispatch; --etcd of both has to name the same etcd")
            : Finding.Error(Name, $"{who} has left its mark in Kamailio and has no report in etcd: it has ended, or does not reach etcd", $"{Start}; or the log of that one");

    private static Finding OfReport(string who, ProxyStatus status, EtcdObservation etcd) => status switch
    {
        { Contact: { Answers: false } contact } => Finding.Error(
            Name,
            $"{who} is at work, and reports that Kamailio does not answer it{(contact.Reason is { } reason ? $": {SafeText.Shorten(reason, 512)}" : string.Empty)}{Since(contact.Since, etcd.ReadAt)}",
            "the log of that kamrpc dispatch; kamrpc doctor as its user, with its --kamailio"),
        { WrittenAt: { } written } when etcd.ReadAt - written > Stale => Finding.Warning(
            Name, FormattableString.Invariant($"{who} is at work, and its report is {(etcd.ReadAt - written).TotalSeconds:0} s old, where one comes every {ProxyStatus.WrittenEvery.TotalSeconds:0} s"), "the log of that kamrpc dispatch"),
        { Contact: null, Version: not null, WrittenAt: not null } => Finding.Unknown(
            Name, $"{who} is at work; whether it reaches Kamailio is not known: by its report it has not seen it yet, as in the first seconds after a start", "kamrpc doctor again in some seconds; if it says the same then, the log of that kamrpc dispatch"),
        { Contact: null } => Finding.Unknown(
            Name, $"{who} is at work; whether it reaches Kamailio is not known: its report does not say so, as it is of an older version of kamrpc", "install the same version of kamrpc everywhere"),
        { Troubles: var troubles } when troubles.FirstOrDefault(static trouble => TroubleKind.IsError(trouble.Kind)) is { } trouble => Finding.Error(
            Name, $"{who} reaches Kamailio, and reports {SafeText.Shorten(trouble.Kind, 20)}: {SafeText.Shorten(trouble.Text, ProxyTrouble.MostTextLength)}", "kamrpc status, and the log of that kamrpc dispatch"),
        { IsFromSnapshot: true } => Finding.Warning(
            Name, $"{who} reaches Kamailio, and works from a saved membership, or with a part of one, since it has not read yet where its members come from", "the log of that kamrpc dispatch; --etcd of both has to name the same etcd"),
        { Held.Length: > 0 } or { MoreHeld: > 0 } => Finding.Warning(
            Name, $"{who} reaches Kamailio, and keeps {Wording.Count(status.Held.Length + status.MoreHeld, "expired member")} in its list (PANIC)", OfHeld(status, etcd)),
        { Drift: > 0 } => Finding.Note(Name, $"{who} reaches Kamailio, and owes it {Wording.Count(status.Drift, "change")} at the moment", "kamrpc status tells which, if it stays so"),
        _ => Finding.Ok(Name, $"kept in step by {who}, which reaches Kamailio by its report"),
    };

    /// <summary>Of whom etcd does not bring it says nothing that he is gone.</summary>
    private static string OfHeld(ProxyStatus status, EtcdObservation etcd)
    {
        const string Elsewhere = "\"state\": \"down\" in their file, or the end of their pods, if they are gone for good; they go by themselves after --panic-hold";
        const string Confirm = "kamrpc confirm, if they are gone for good";
        var elsewhere = status.Held.Count(member => etcd.Elsewhere.Has(member.Key.Set));
        return elsewhere == 0 ? Confirm : elsewhere == status.Held.Length && status.MoreHeld == 0 ? Elsewhere : $"{Confirm}; of those from elsewhere than etcd {Elsewhere}";
    }

    private static string Since(DateTimeOffset since, DateTimeOffset now) =>
        now > since ? FormattableString.Invariant($" (for {(now - since).TotalSeconds:0} s)") : string.Empty;

    /// <summary>Of <c>p1 (PID 7) on host h for cluster default, over jsonrpc+unix:...</c>.</summary>
    private static string Proxy(string holder) => holder.IndexOf(" (PID ", StringComparison.Ordinal) is var end and > 0 ? holder[..end] : holder;

    private static string? Cluster(string holder)
    {
        const string Before = " for cluster ";
        var start = holder.IndexOf(Before, StringComparison.Ordinal);
        var end = start < 0 ? -1 : holder.IndexOf(',', start);
        return end < 0 ? null : holder[(start + Before.Length)..end];
    }
}
