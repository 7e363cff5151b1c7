using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>What the proxies report, and what follows of it: which of them have applied what operators wish.</summary>
/// <remarks>
/// What a report says is believed where it was written while somebody watches, or lately by this host's clock. It says nothing where it is of another life of the
/// store, or where two write it in turn.
/// </remarks>
internal sealed class AppliedReports(EtcdKeys keys, TimeProvider timeProvider) : WatchedKeys
{
    private const string Restored = "its report is of a revision that etcd does not have: etcd was restored from a backup";
    private const string Stale = "by this host's clock its report is old, or of the future";

    /// <summary>As old a report may be of a proxy that lives.</summary>
    private static readonly TimeSpan Limit = ProxyStatus.WrittenEvery + TimeSpan.FromSeconds(5);

    /// <summary>By so much clocks may differ that are kept in step.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Report> _reports = new(StringComparer.Ordinal);
    private long? _watchedFrom;

    /// <summary>Takes a whole listing: who is not in it any more has ended.</summary>
    public override void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            if (_watchedFrom is null || IsOfAnother(listed))
            {
                // Of another store none is known to be new.
                _watchedFrom = listed.Revision;
            }

            Stand(listed);
            var there = listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal);
            foreach (var name in _reports.Keys.Where(name => !there.Contains(keys.Proxy(name))).ToList())
            {
                End(name);
            }

            foreach (var pair in listed.Keys)
            {
                Put(pair);
            }
        }
    }

    /// <summary>Takes what has changed since.</summary>
    public override void Apply(IEnumerable<Mvccpb.Event> changes)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                if (change.Type == Mvccpb.Event.Types.EventType.Delete)
                {
                    End(NameOf(change.Kv));
                }
                else
                {
                    Put(change.Kv);
                }
            }
        }
    }

    public AppliedState StateOf(AppliedTarget target)
    {
        lock (_lock)
        {
            if (target.Parts.Count > 0)
            {
                return Joined([.. target.Parts.Select(StateOf)]);
            }

            if (target.Proxies.Count > 0)
            {
                return new AppliedState([.. target.Proxies.Order(StringComparer.Ordinal).Select(name => ItselfOf(name, target))], []) { Reporting = Reporting };
            }

            List<AppliedProxy> proxies =
            [
                .. from report in _reports
                   let sets = target.Sets.Where(set => report.Value.Progress?.MayServe(set) ?? true).Order().ToList()
                   where sets.Count > 0
                   select new AppliedProxy(SafeText.Shorten(report.Key), sets, WhyMissing(report.Value, target)) { IsExpected = report.Value.HasEnded && target.Expected.ContainsKey(report.Key) },
                .. from expected in target.Expected
                   where !_reports.ContainsKey(expected.Key)
                   select new AppliedProxy(SafeText.Shorten(expected.Key), [.. target.Sets.Order()], expected.Value) { IsExpected = true },
            ];
            proxies.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
            return new AppliedState(proxies, [.. target.Sets.Except(proxies.SelectMany(static proxy => proxy.Sets)).Order()]) { Reporting = Reporting };
        }
    }

    /// <summary>A proxy has applied all of it, or lacks what it lacks of the first part that it has not.</summary>
    private AppliedState Joined(IReadOnlyList<AppliedState> parts) => new(
        [
            .. parts.SelectMany(static part => part.Proxies).GroupBy(static proxy => proxy.Name, StringComparer.Ordinal)
                .Select(static of => of.First() with { Sets = [.. of.SelectMany(static proxy => proxy.Sets).Distinct().Order()], Missing = of.Select(static proxy => proxy.Missing).FirstOrDefault(static missing => missing is not null) })
                .OrderBy(static proxy => proxy.Name, StringComparer.Ordinal),
        ],
        [.. parts.SelectMany(static part => part.Unserved).Distinct().Order()]) { Reporting = Reporting };

    private int Reporting => _reports.Values.Count(static report => !report.HasEnded);

    private string NameOf(Mvccpb.KeyValue pair) => pair.Key.ToStringUtf8()[keys.Proxies.Length..];

    /// <summary>What has no lease is no proxy that lives.</summary>
    private void Put(Mvccpb.KeyValue pair)
    {
        if (pair.Lease == 0)
        {
            End(NameOf(pair));
            return;
        }

        ProxyRecord.TryRead(pair.Value.Memory, out var status, out var error);
        _reports[NameOf(pair)] = new Report(ProxyRecord.ReadProgress(pair.Value.Memory), status, error, pair.ModRevision);
    }

    private void End(string name)
    {
        if (_reports.TryGetValue(name, out var report))
        {
            _reports[name] = report with { HasEnded = true };
        }
    }

    /// <summary>Whether a proxy follows what is wished of it itself. That needs no Kamailio, and no list.</summary>
    private AppliedProxy ItselfOf(string name, AppliedTarget target)
    {
        var isThere = _reports.TryGetValue(name, out var report);
        return new AppliedProxy(SafeText.Shorten(name), [], isThere ? WhyNotItself(report!, target) : "does not report: its dispatcher does not run, or does not reach etcd; it follows when it does") { IsAbsent = !isThere };
    }

    private string? WhyNotItself(Report report, AppliedTarget target) => Unusable(report) ?? (
        !report.Progress!.Applies.Contains(ProxyIntent.Kind) ? "does not follow what is wished of proxies: an older kamrpc, or its etcd role may not read it"
        : !IsFresh(report) ? Stale
        : report.Progress.Intent is not { } intent ? "has read no intents yet"
        : intent.Revision > report.ModRevision ? Restored
        : intent.Revision < target.Revision || intent.IsDrained != (target.Wish == IntentWish.Drain) ? "does not follow it yet"
        : null);

    /// <summary>Why its report tells nothing; null where it does.</summary>
    private static string? Unusable(Report report) =>
        report.HasEnded ? "its report has ended: its dispatcher was stopped, or does not reach etcd"
        : report.Progress is not { } progress ? Unreadable(report)
        : progress.IsClashing ? "another proxy reports under this name too"
        : null;

    private string? WhyMissing(Report report, AppliedTarget target)
    {
        if (Unusable(report) is { } why)
        {
            return why;
        }

        var progress = report.Progress!;
        return report.Status is { IsFromSnapshot: true } && AppliedBy(progress, target) is null or 0 ? "goes by the saved membership: it has not read etcd yet"
            : KindOf(target) is var kind && !progress.Applies.Contains(kind) ? $"follows no {kind}: an older kamrpc, or its etcd role may not read them"
            : report.Status?.Contact is { Answers: false } contact ? $"does not reach its Kamailio{(contact.Reason is { } reason ? $": {SafeText.Shorten(reason, ProxyTrouble.MostTextLength)}" : string.Empty)}"
            : report.Status?.Hangs == true ? "its dispatcher hangs"
            : !IsFresh(report) ? Stale
            : AppliedBy(progress, target) is not { } applied ? (report.Status is null ? Unreadable(report) : $"has read no {kind} yet")
            : applied > report.ModRevision ? Restored
            : applied < target.Revision ? $"has not applied it yet{Owed(report.Status, target)}"
            : target.Wish == IntentWish.Drain ? WhyServed(progress, report.Status, target)
            : null;
    }

    /// <summary>Its numbers are of all that it serves: what keeps them back may be somebody else.</summary>
    private static string Owed(ProxyStatus? status, AppliedTarget target) =>
        target.Split is not null && status?.Splits is { HasTable: false } ? ": its Kamailio has no table for shares, see 'kamrpc doctor' beside it"
        : target.Split is { } set && status?.Troubles.FirstOrDefault(trouble => trouble.Kind == TroubleKind.Shares && trouble.Sets.Contains(set)) is { } trouble ? $"; of the set's shares it reports: {SafeText.Shorten(trouble.Text, ProxyTrouble.MostTextLength)}"
        : target.Wish == IntentWish.Resume ? (status is { Drift: > 0 and var drift } ? string.Create(CultureInfo.InvariantCulture, $": it owes {drift} change{(drift == 1 ? string.Empty : "s")}") : string.Empty)
        : status?.Deviations.FirstOrDefault(static deviation => deviation.Kind == DeviationKind.Serving) is { } serving ? $": it still sends calls to {Shown(serving)}"
        : string.Empty;

    /// <summary>Why calls go on to one of those who are drained, though all that is asked for is done; null where none do.</summary>
    private static string? WhyServed(ProxyProgress progress, ProxyStatus? status, AppliedTarget target)
    {
        if (progress.Superseded.FirstOrDefault(superseded => superseded.IsServed && target.Members.Contains(superseded.Member)) is { } taken)
        {
            return $"calls go on to the address of {taken.Member}, as {SafeText.Shorten(taken.Holder.Name, MemberValidation.MaxNameLength)}";
        }

        return progress.Unnamed > 0 ? "has no room to name everybody to whose address calls go on, since another name has it"
            : status?.Deviations.FirstOrDefault(deviation => deviation.Kind == DeviationKind.Serving && target.Members.Contains(new MemberKey(deviation.Set, deviation.Name))) is { } serving ? $"still sends calls to {Shown(serving)}"
            : null;
    }

    private static string Shown(Deviation deviation) =>
        string.Create(CultureInfo.InvariantCulture, $"{deviation.Set}/{SafeText.Shorten(deviation.Name, MemberValidation.MaxNameLength)}{(deviation.Reason is null ? string.Empty : $" ({SafeText.Shorten(deviation.Reason, ProxyTrouble.MostTextLength)})")}");

    private static string Unreadable(Report report) => $"its report cannot be read{(report.Error is { } error ? $": {error}" : string.Empty)}";

    private static string KindOf(AppliedTarget target) => target.Split is null ? IntentsProgress.Kind : SplitsProgress.Kind;

    private static long? AppliedBy(ProxyProgress progress, AppliedTarget target) => target.Split is not null ? progress.Splits?.Revision
        : target.Wish == IntentWish.Drain ? progress.Intents?.Silenced ?? progress.Intents?.Revision
        : progress.Intents?.Revision;

    /// <summary>Of a report that was there already nobody knows how long, but by its own clock.</summary>
    private bool IsFresh(Report report) =>
        report.ModRevision > _watchedFrom
        || (report.Status?.WrittenAt is { } written && timeProvider.GetUtcNow() - written is var age && age >= -Tolerance && age <= Limit);

    /// <param name="Progress">How far it is; null where even that cannot be read.</param>
    /// <param name="Status">All of it; null where that cannot be read.</param>
    /// <param name="Error">Why not.</param>
    /// <param name="ModRevision">The store's revision of the report: whatever it says was so before.</param>
    private sealed record Report(ProxyProgress? Progress, ProxyStatus? Status, string? Error, long ModRevision)
    {
        /// <summary>Whether it is not there any more.</summary>
        public bool HasEnded { get; init; }
    }
}
