using System.Collections.Frozen;
using System.Collections.Immutable;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Makes of what a cycle met the troubles that it reports: one of a kind, each with the time since when there is one without a pause.</summary>
internal sealed class TroubleTracker(TimeProvider timeProvider)
{
    private const int MostNamed = 5;

    /// <summary>Nothing that is carried out adds to these.</summary>
    private static readonly FrozenSet<string> Decided = FrozenSet.Create(
        StringComparer.Ordinal,
        TroubleKind.Kamailio, TroubleKind.Blind, TroubleKind.Duplicate, TroubleKind.Attributes, TroubleKind.Orphan, TroubleKind.Unreadable, TroubleKind.Foreign, TroubleKind.BootList, TroubleKind.Shares, TroubleKind.Source);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Lingering = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Restart = TimeSpan.FromSeconds(2);

    private readonly List<(string Kind, string Text, IReadOnlyCollection<int> Sets)> _met = [];
    private readonly Dictionary<string, (ProxyTrouble Trouble, long Last)> _current = [];
    private long? _deferredSince;
    private long? _failingSince;

    /// <summary>Kamailio has answered.</summary>
    public void Reached() => _failingSince = null;

    /// <summary>Something that this cycle met.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="text">What it is.</param>
    /// <param name="sets">The sets that it is about; null for the proxy as a whole.</param>
    public void Meet(string kind, string text, IReadOnlyCollection<int>? sets = null) => _met.Add((kind, text, sets ?? []));

    /// <summary>All that a list and a plan tell of, and what keeps the list for Kamailio's start from being as it is to be.</summary>
    public void Meet(ChangePlan plan, IReadOnlyList<UnreadableEntry> unreadable, IReadOnlyList<Orphan> orphans, IReadOnlyList<string> losses, string? bootList, IEnumerable<(string Kind, string Text, IReadOnlyCollection<int> Sets)>? sources = null)
    {
        _met.AddRange(sources ?? []);
        if (bootList is not null)
        {
            Meet(TroubleKind.BootList, bootList);
        }

        Meet(plan);
        Meet(unreadable);
        Meet(orphans);
        Meet(losses);
    }

    /// <summary>What a plan leaves undone.</summary>
    public void Meet(ChangePlan plan)
    {
        Meet(plan, TroubleKind.Unsilenced, SkipReason.Unsilenced, Uris, "still in use and not to be disabled, since somebody else has put the same address there");
        List<Skip> duplicates = [.. plan.Skips.Where(static skip => skip is { Reason: SkipReason.UnmanagedDuplicate, Member: not null })];
        Meet(
            TroubleKind.Duplicate,
            [.. duplicates.Select(static skip => $"member {skip.Member}: {skip.Uri}")],
            [.. duplicates.Select(static skip => skip.Set)],
            "left as it is, since somebody else has put the address there, or a kamrpc of another cluster");
        Meet(
            plan,
            TroubleKind.Attributes,
            SkipReason.NotAllowed,
            Members,
            "not taken, since --allow-attr does not name these attributes; what is listed of it already stays as it was");
        Meet(
            plan,
            TroubleKind.Attributes,
            SkipReason.ListedThoughNotAllowed,
            Members,
            "listed with attributes that --allow-attr does not name, and left so: announce it without, or remove it while kamrpc dispatch is stopped (kamcmd dispatcher.remove)");
        Meet(
            plan,
            TroubleKind.Flapping,
            SkipReason.Flapping,
            Members,
            "changes so often that it would use up Kamailio's memory: its additions, removals and changes of attributes wait, one each half minute; its state is followed at once. Look who rewrites its key");
        Meet(plan, TroubleKind.Brake, SkipReason.WithoutEffect, Uris, "changed more than once without effect, and left for a while: look for somebody who undoes it, and into Kamailio's log");
    }

    /// <summary>What held a push back, and a grace period that does not end.</summary>
    public void Meet(PushOutcome outcome, GraceState grace)
    {
        Meet(outcome);
        Meet(grace);
    }

    /// <summary>What held a push back.</summary>
    public void Meet(PushOutcome outcome)
    {
        foreach (var objection in outcome.Objections.Where(static objection => objection.Scope != ObjectionScope.Change))
        {
            Meet(objection.Kind, objection.Text);
        }

        // A newcomer is added within a moment, as a rule.
        _deferredSince = outcome.Deferred.IsEmpty ? null : _deferredSince ?? timeProvider.GetTimestamp();
        if (_deferredSince is not { } since || timeProvider.GetElapsedTime(since) < Patience)
        {
            return;
        }

        Meet(TroubleKind.Unsilenced, [.. outcome.Deferred.Select(static disable => $"set {disable.Set}: {disable.Uri}")], [.. outcome.Deferred.Select(static disable => disable.Set)], "still in use although it leaves: nobody else in its set takes calls yet");
    }

    /// <summary>What somebody else had put there, and is missing.</summary>
    public void Meet(IReadOnlyList<string> losses)
    {
        foreach (var loss in losses.Take(MostNamed))
        {
            Meet(TroubleKind.Foreign, loss);
        }
    }

    /// <summary>What kamrpc added and nobody keeps in step.</summary>
    public void Meet(IReadOnlyList<Orphan> orphans)
    {
        Meet(
            TroubleKind.Orphan,
            [.. orphans.Where(static orphan => orphan.IsOfAnotherCluster).Select(static orphan => $"set {orphan.Entry.Set}: {orphan.Entry.Uri} (cluster {orphan.Cluster})")],
            [.. orphans.Where(static orphan => orphan.IsOfAnotherCluster).Select(static orphan => orphan.Entry.Set)],
            "kamrpc added it for a cluster that is not served: with dispatch stopped remove it (kamcmd dispatcher.remove SET URI) and its line in list_file");
        Meet(
            TroubleKind.Orphan,
            [.. orphans.Where(static orphan => !orphan.IsOfAnotherCluster).Select(static orphan => $"set {orphan.Entry.Set}: {orphan.Entry.Uri}")],
            [.. orphans.Where(static orphan => !orphan.IsOfAnotherCluster).Select(static orphan => orphan.Entry.Set)],
            "kamrpc added it in a set that --set does not name: name that, or remove it with dispatch stopped");
    }

    /// <summary>A grace period that does not end.</summary>
    public void Meet(GraceState grace)
    {
        if (grace.OverdueSince is not null)
        {
            Meet(
                TroubleKind.Grace,
                grace.Stuck.Count > 0
                    ? [.. grace.Stuck]
                    : [.. grace.Unseen],
                [],
                grace.Stuck.Count > 0
                    ? "have not moved since the last structural change and may be in the middle of Kamailio's table: additions and removals wait until they do, states are changed"
                    : $"not seen at rest since the last structural change: additions and removals wait ({grace.Mode}), states are changed");
        }
    }

    /// <summary>Entries of the list that nobody can make anything of.</summary>
    public void Meet(IReadOnlyList<UnreadableEntry> unreadable) =>
        Meet(TroubleKind.Unreadable, [.. unreadable.Select(static entry => $"set {entry.Set?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}: {entry.Text} ({entry.Reason})")], unreadable.All(static entry => entry.Set is not null) ? [.. unreadable.Select(static entry => entry.Set!.Value)] : [], "in Kamailio's list, and left alone");

    /// <summary>Kamailio did not answer as it should.</summary>
    public void Meet(KamailioRpcException exception, Unanswered? unanswered)
    {
        if (exception is ListTooLongException)
        {
            Meet(TroubleKind.Blind, exception.Message);
            return;
        }

        // A restart takes a moment.
        _failingSince ??= timeProvider.GetTimestamp();
        if (timeProvider.GetElapsedTime(_failingSince.Value) >= Restart)
        {
            Meet(TroubleKind.Kamailio, $"{ContactReason.Of(exception)}; what is reported of its list is as of before");
        }

        if (unanswered is { IsWriterStuck: true })
        {
            Meet(TroubleKind.Writer, $"Kamailio does not come back from {unanswered.Change} for {DurationText.Of(unanswered.For)}, and answers nothing behind it: only a restart of Kamailio helps (6.2 with ds_load_mode 1 does so after one refused addition)");
        }
    }

    /// <summary>Those that a list and a plan decide are as this cycle has met them, before anything is carried out; the others as they were: a report that says how far a proxy is names nothing that is over.</summary>
    public IReadOnlyList<ProxyTrouble> Planned()
    {
        Renew(Decided.Contains);
        return Last;
    }

    /// <summary>
    /// All that the cycle met; forgets it. What comes and goes with each change (a list that is full, memory that swings) is not over before
    /// it was gone for a while.
    /// </summary>
    public IReadOnlyList<ProxyTrouble> Take()
    {
        Renew(static _ => true);
        _met.Clear();
        return Last;
    }

    /// <summary>What was taken last.</summary>
    public IReadOnlyList<ProxyTrouble> Last => [.. _current.Values.Select(static current => current.Trouble)];

    private void Renew(Func<string, bool> isDecided)
    {
        var now = timeProvider.GetUtcNow();
        foreach (var met in _met.Where(met => isDecided(met.Kind)).GroupBy(static met => met.Kind))
        {
            var text = string.Join("; ", met.Select(static one => one.Text).Distinct());
            var since = _current.TryGetValue(met.Key, out var before) ? before.Trouble.Since : now;
            _current[met.Key] = (new ProxyTrouble(met.Key, since, text) { Sets = Sets([.. met.Select(static one => one.Sets)]) }, timeProvider.GetTimestamp());
        }

        foreach (var (kind, (_, last)) in _current.Where(current => isDecided(current.Key)).ToList())
        {
            var lingers = kind is TroubleKind.Room or TroubleKind.Memory or TroubleKind.Brake or TroubleKind.Flapping;
            if (!_met.Exists(met => met.Kind == kind) && (!lingers || timeProvider.GetElapsedTime(last) >= Lingering))
            {
                _current.Remove(kind);
            }
        }
    }

    /// <summary>None where one of several is about the proxy as a whole, or where they are about too many sets.</summary>
    private static ImmutableArray<int> Sets(IReadOnlyList<IReadOnlyCollection<int>> met)
    {
        ImmutableArray<int> sets = [.. met.SelectMany(static sets => sets).Distinct().Order().Take(ProxyTrouble.MostSets + 1)];
        return sets.Length > ProxyTrouble.MostSets || met.Any(static one => one.Count == 0) ? [] : sets;
    }

    private static string Members(Skip skip) => $"member {skip.Member}{(skip.Detail is null ? string.Empty : $" ({skip.Detail})")}";

    private static string Uris(Skip skip) => $"set {skip.Set}: {skip.Uri}";

    private void Meet(ChangePlan plan, string kind, SkipReason reason, Func<Skip, string> name, string what)
    {
        List<Skip> skips = [.. plan.Skips.Where(skip => skip.Reason == reason)];
        Meet(kind, [.. skips.Select(name).Distinct()], [.. skips.Select(static skip => skip.Set)], what);
    }

    private void Meet(string kind, List<string> which, IReadOnlyCollection<int> sets, string what)
    {
        if (which.Count > 0)
        {
            Meet(kind, $"{string.Join(", ", which.Take(MostNamed))}{(which.Count > MostNamed ? $" and {which.Count - MostNamed} more" : string.Empty)}: {what}", sets);
        }
    }
}
