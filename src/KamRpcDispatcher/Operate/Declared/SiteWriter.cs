using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>Has etcd say what a file declares: reads, decides, writes all of it in one transaction as long as that is still so, and begins again where it is not.</summary>
public sealed class SiteWriter(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>As many records are changed by one transaction, and all of a file's are by one: nobody sees the half of it.</summary>
    internal const int MostChanges = 100;

    /// <summary>etcd takes 128 conditions (<c>--max-txn-ops</c>) unless it is told otherwise.</summary>
    private const int MostConditions = 128;

    /// <summary>Of more sets than that all are watched together.</summary>
    private const int MostSetsByThemselves = 6;

    private readonly SiteViewReader _reader = new(store, keys, timeProvider);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>Whether it may be written, without an answer. Asking again does no harm then.</summary>
    public bool IsInDoubt { get; private set; }

    /// <param name="command">What is asked for.</param>
    /// <param name="planned">Told what is about to be written, and again where that has become something else.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses: <see cref="IsInDoubt"/> says whether it may be written.</exception>
    public async Task<SiteOutcome> WriteAsync(SiteCommand command, Action<SiteOutcome> planned, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(planned);
        try
        {
            return await WriteAsync(command, timeProvider.GetUtcNow(), planned, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            var wasWriting = IsInDoubt;
            IsInDoubt = false;
            if (wasWriting && await _history.WhyForbiddenAsync(unreachable, keys.Intents, cancellationToken).ConfigureAwait(false) is { } why)
            {
                return new SiteOutcome(SiteResult.Unrecorded, []) { Reasons = [why] };
            }

            throw;
        }
    }

    private async Task<SiteOutcome> WriteAsync(SiteCommand command, DateTimeOffset now, Action<SiteOutcome> planned, CancellationToken cancellationToken)
    {
        SiteOutcome? told = null;
        var recorded = new List<RecordedChange>();
        for (var failures = 0; failures < IntentWriter.MostTries; failures++)
        {
            var site = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var plan = SitePlan.Of(site, command, now);
            if (plan is { Writes.Count: 0, Conflicts.Count: 0 })
            {
                // What a call without an answer has written is found as it was to be written; what it has deleted does not say by which revision.
                var (changes, target) = (recorded.Count > 0 ? told!.Changes : [], plan.Target(0));
                return new SiteOutcome(recorded.Count > 0 ? SiteResult.Written : SiteResult.Unchanged, changes)
                {
                    Revision = changes.Count > 0 && changes.All(static change => change.Kind != SiteChangeKind.Remove) ? target?.Revision : null,
                    Kept = plan.Kept, Warnings = plan.Warnings, Recorded = recorded, Target = target,
                };
            }

            var (decision, counted) = await DecideAsync(command, site, plan, cancellationToken).ConfigureAwait(false);
            if (decision.Result is not (SiteResult.Written or SiteResult.Planned))
            {
                return decision;
            }

            if (told is null || !told.Changes.SequenceEqual(decision.Changes))
            {
                planned(told = decision);
            }

            if (command.IsDryRun)
            {
                return decision;
            }

            var entry = _history.Begin(EntryOf(command, now, decision.Changes));
            var transaction = Transaction(plan.Writes, site.View.Revision, counted, entry);
            var (wasInDoubt, calls) = (IsInDoubt, 0);
            IsInDoubt = true;
            var done = await EtcdUnreachableException.GuardAsync(
                store,
                async () =>
                {
                    calls++;
                    return await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
            IsInDoubt = !done.Succeeded && (wasInDoubt || calls > 1);
            if (done.Succeeded)
            {
                return decision with { Revision = done.Header.Revision, Recorded = [entry], Target = plan.Target(done.Header.Revision) };
            }

            if (IsInDoubt)
            {
                recorded.Add(entry);
            }
        }

        return new SiteOutcome(SiteResult.KeepsChanging, told?.Changes ?? [])
        {
            Reasons = [$"what this rests on (members, intents, splits or rollouts) changed each of the {IntentWriter.MostTries} times before this could be written: the cluster keeps changing"],
        };
    }

    private async Task<(SiteOutcome Decision, Grounds Counted)> DecideAsync(SiteCommand command, SiteView site, SitePlan plan, CancellationToken cancellationToken)
    {
        var checks = new SiteChecks(site, command, plan.Writes);
        var counted = new Grounds(command.IsForced ? new HashSet<int>() : checks.Judged, []);
        var decision = new SiteOutcome(command.IsDryRun ? SiteResult.Planned : SiteResult.Written, [.. plan.Writes.Select(static write => write.Change)]) { Kept = plan.Kept, Warnings = [.. plan.Warnings, .. checks.Warnings()], Forecast = command.IsDryRun ? checks.Forecast() : [] };
        var unknown = checks.UnknownMembers();
        if (checks.UnknownValues() is { Count: > 0 } values)
        {
            return (decision with { Result = SiteResult.Unknown, Reasons = [.. unknown, .. values] }, counted);
        }

        if (unknown.Count > 0 && !command.IsForced)
        {
            return (decision with { Result = SiteResult.Unknown, Reasons = unknown, IsForceable = true }, counted);
        }

        if (plan.Writes.Count > MostChanges)
        {
            return (decision with { Result = SiteResult.Refused, Reasons = [$"{plan.Writes.Count} records would be changed, and one transaction of etcd takes {MostChanges} of them: declare fewer sets at a time, without --prune; what is so already does not count"] }, counted);
        }

        var rollouts = await _reader.RolloutsAsync(site.View.Revision, cancellationToken).ConfigureAwait(false);
        int[] sets = [.. plan.Writes.Where(write => rollouts.TryGetValue(write.Change.Set, out var isUnreadable) && (isUnreadable || write.Change.Name is null)).Select(static write => write.Change.Set).Distinct().Order()];
        if (sets.Length > 0)
        {
            return (decision with { Result = SiteResult.Refused, Reasons = [.. sets.Select(set => rollouts[set] ? RolloutText.Unreadable(set, keys.Rollout(set)) : $"set {set} has a rollout that is not over, which decides on its shares: wait for its end, or 'kamrpc rollout abort {set}'")] }, counted);
        }

        var refusals = checks.Refusals(out var needed);
        if (command.IsForced)
        {
            return (decision with { Warnings = [.. decision.Warnings, .. checks.UnknownTogether().Concat(refusals).Select(static refusal => $"forced: {refusal}")] }, counted);
        }

        return plan.Conflicts.Count + refusals.Count > 0
            ? (decision with { Result = SiteResult.Refused, Reasons = [.. plan.Conflicts, .. refusals], IsForceable = true }, counted)
            : (decision, counted with { Members = needed });
    }

    private static HistoryEntry EntryOf(SiteCommand command, DateTimeOffset now, IReadOnlyList<SiteChange> changes) => new HistoryEntry(now, command.By, "apply")
    {
        From = TextOf(changes, static change => change.Before),
        To = $"{TextOf(changes, static change => change.After)} (declared by {command.Owner})",
        Reason = command.Reason,
    }.About(changes.Select(static change => change.Set), changes.Select(static change => change.Name).OfType<string>());

    /// <summary><c>a drained, set 1 not split</c>; of many members <c>95 members drained, set 1 not split</c>.</summary>
    private static string TextOf(IReadOnlyList<SiteChange> changes, Func<SiteChange, string> text)
    {
        const int MostNamed = 3;
        var members = changes.Where(static change => change.Name is not null).ToList();
        return string.Join(", ", (members.Count <= MostNamed ? members.Select(change => $"{change.Name} {text(change)}") : members.CountBy(text).Select(static kind => FormattableString.Invariant($"{kind.Value} member{(kind.Value == 1 ? string.Empty : "s")} {kind.Key}")))
            .Concat(changes.Where(static change => change.Name is null).Select(change => FormattableString.Invariant($"set {change.Set} {text(change)}"))));
    }

    private TxnRequest Transaction(IReadOnlyList<PlannedWrite> writes, long revision, Grounds grounds, RecordedChange entry)
    {
        var transaction = new TxnRequest();
        foreach (var write in writes)
        {
            var key = ByteString.CopyFromUtf8(write.Change.Name is { } name ? keys.Intent(new MemberKey(write.Change.Set, name)) : keys.Split(write.Change.Set));
            transaction.Compare.Add(KeyConditions.Unchanged(key, write.ModRevision));
            transaction.Success.Add(write.Value is { } value
                ? new RequestOp { RequestPut = new PutRequest { Key = key, Value = value } }
                : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        }

        transaction.Success.Add(entry.Put);
        transaction.Compare.Add(KeyConditions.NothingNewer(keys.Rollouts, revision));

        if (grounds.Sets.Count > 0)
        {
            // Such a condition is broken by whatever is written there, and not by what is deleted: so those who are counted on are named, as far as there is room.
            string[] below = grounds.Sets.Count <= MostSetsByThemselves ? [.. grounds.Sets.Order().Select(static set => FormattableString.Invariant($"{set}/"))] : [string.Empty];
            transaction.Compare.Add(below.SelectMany(sets => new[] { KeyConditions.NothingNewer(keys.Members + sets, revision), KeyConditions.NothingNewer(keys.Intents + sets, revision) }));
            transaction.Compare.Add(grounds.Members.Take(MostConditions - transaction.Compare.Count).Select(announced => KeyConditions.Unchanged(ByteString.CopyFromUtf8(keys.Member(announced.Member.Key)), announced.ModRevision)));
        }

        return transaction;
    }

    /// <summary>On what a decision rests.</summary>
    /// <param name="Sets">The sets whose members and intents have to stay as they were read.</param>
    /// <param name="Members">The records of members that are counted on.</param>
    private sealed record Grounds(IReadOnlySet<int> Sets, IReadOnlyList<AnnouncedMember> Members);
}
