using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>Has the split of a set be what an operator asks for: reads, decides, writes as long as that is still so, and begins again where it is not.</summary>
public sealed class SplitWriter(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>etcd takes 128 conditions (<c>--max-txn-ops</c>) unless it is told otherwise; some are the caller's.</summary>
    private const int MostCounted = 100;

    private readonly OperatorViewReader _reader = new(store, keys, timeProvider);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>Whether it may be written, without an answer. Asking again does no harm then.</summary>
    public bool IsInDoubt { get; private set; }

    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses: <see cref="IsInDoubt"/> says whether it may be written.</exception>
    public Task<SplitOutcome> WriteAsync(SplitCommand command, CancellationToken cancellationToken) => WriteAsync(command, [], [], cancellationToken);

    /// <summary>The split of a set as it is stored; where it cannot be used, why.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public async Task<(Split? Split, string? Error)> ReadSplitAsync(int set, CancellationToken cancellationToken)
    {
        var stored = await ReadAsync(keys.Split(set), revision: 0, cancellationToken).ConfigureAwait(false);
        return stored is null ? (null, null) : SplitRecord.TryRead(set, stored.Value.Memory, out var split, out var error) ? (split, null) : (null, error);
    }

    /// <param name="command">What is asked for.</param>
    /// <param name="conditions">What has to hold beside: where one does not, it is decided anew, and given up in the end.</param>
    /// <param name="beside">What is written in the same transaction; not where the split is so already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<SplitOutcome> WriteAsync(SplitCommand command, IReadOnlyList<Compare> conditions, IReadOnlyList<RequestOp> beside, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var now = timeProvider.GetUtcNow();
        var written = command.Split is { } split ? ByteString.CopyFrom(SplitRecord.Write(split with { By = command.By, At = now, Reason = command.Reason })) : null;
        try
        {
            return await WriteAsync(command, now, written, conditions, beside, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            var wasWriting = IsInDoubt;
            IsInDoubt = false;
            if (wasWriting && await _history.WhyForbiddenAsync(unreachable, keys.Splits, cancellationToken).ConfigureAwait(false) is { } why)
            {
                return new SplitOutcome(SplitResult.Unrecorded, null) { Reasons = [why] };
            }

            throw;
        }
    }

    private async Task<SplitOutcome> WriteAsync(SplitCommand command, DateTimeOffset now, ByteString? written, IReadOnlyList<Compare> conditions, IReadOnlyList<RequestOp> beside, CancellationToken cancellationToken)
    {
        SplitOutcome? first = null;
        var recorded = new List<RecordedChange>();
        for (var failures = 0; failures < IntentWriter.MostTries; failures++)
        {
            var view = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var stored = await ReadAsync(keys.Split(command.Set), view.Revision, cancellationToken).ConfigureAwait(false);
            var (running, stays) = await RolloutAsync(command.Set, view.Revision, cancellationToken).ConfigureAwait(false);
            var decision = Decide(command, view, stored, running, out var counted);
            first ??= decision;
            if (decision.Result != SplitResult.Written)
            {
                // What was tried before, unanswered, is there: it is ours by the time in it.
                var isOurs = decision.Result == SplitResult.Unchanged && IsInDoubt && stored?.Value == written;
                IsInDoubt = false;
                return isOurs ? first with { Result = SplitResult.Written, Revision = stored?.ModRevision, Recorded = recorded } : decision;
            }

            var transaction = Transaction(command, written, stored, view.Revision, counted);
            transaction.Compare.Add(stays);
            transaction.Compare.Add(conditions);
            transaction.Success.Add(beside);
            var entry = _history.Begin(new HistoryEntry(now, command.By, command.What) { From = SplitRecord.Text(decision.Before), To = SplitRecord.Text(command.Split), Reason = command.Reason }.About([command.Set], []));
            transaction.Success.Add(entry.Put);
            var wasInDoubt = IsInDoubt;
            var calls = 0;
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
                return decision with { Revision = done.Header.Revision, Recorded = [entry] };
            }

            if (IsInDoubt)
            {
                recorded.Add(entry);
            }
        }

        return (first ?? new SplitOutcome(SplitResult.KeepsChanging, null)) with
        {
            Result = SplitResult.KeepsChanging, Reasons = [$"what this rests on (the split, members or intents of set {command.Set}) changed each of the {IntentWriter.MostTries} times before this could be written: the cluster keeps changing"],
        };
    }

    /// <summary><see cref="SplitResult.Written"/> where it is to be written.</summary>
    private static SplitOutcome Decide(SplitCommand command, OperatorView view, Mvccpb.KeyValue? stored, string? running, out IReadOnlyList<AnnouncedMember> counted)
    {
        string? error = null;
        Split? before = null;
        if (stored is not null)
        {
            SplitRecord.TryRead(command.Set, stored.Value.Memory, out before, out error);
        }

        counted = [];
        var checks = new SplitChecks(view, command, before);
        var members = SplitForecast.MembersOf(view, command.Set);
        var outcome = new SplitOutcome(SplitResult.Written, stored?.ModRevision)
        {
            Before = before, IsForNobody = checks.IsForNobody, Shares = SplitForecast.Of(command.Set, members, before, command.Split),
            Forecast = command.IsDryRun ? SetForecast.Of(view, command.Set, SplitsProgress.Kind, (members, before), (members, command.Split)) : null,
        };
        if (error is null && IsAsAsked(command, before))
        {
            return command.Split is null && checks.Unknown() is { Count: > 0 } nobody ? outcome with { Result = SplitResult.Unknown, Reasons = nobody } : outcome with { Result = SplitResult.Unchanged, Warnings = [.. checks.Warnings()] };
        }

        // Whoever ends a split that cannot be read ends it all the same.
        var unknown = stored is not null && command.Split is null ? [] : checks.Unknown();
        if (unknown.Count > 0)
        {
            return outcome with { Result = SplitResult.Unknown, Revision = null, Reasons = unknown };
        }

        var refusals = checks.Refusals(out var needed);
        refusals = running is null ? refusals : [running, .. refusals];
        counted = command.IsForced ? [] : needed;
        var isRefused = refusals.Count > 0 && !command.IsForced;
        var becomes = isRefused ? "stays as it is" : $"{(command.IsDryRun ? "would be" : "is")} {(command.Split is null ? "deleted" : "replaced")}";
        List<string> warnings = [.. error is null ? [] : new[] { $"the split of set {command.Set} could not be read ({error}), and {becomes}" }, .. checks.Warnings()];
        return isRefused ? outcome with { Result = SplitResult.Refused, Revision = null, Reasons = refusals, Warnings = warnings }
            : outcome with { Result = command.IsDryRun ? SplitResult.Planned : SplitResult.Written, Revision = null, Warnings = [.. warnings, .. refusals.Select(static refusal => $"forced: {refusal}")] };
    }

    private static bool IsAsAsked(SplitCommand command, Split? before) =>
        command.Split is { } split ? before?.Label == split.Label && before.Shares.SequenceEqual(split.Shares) : before is null;

    private TxnRequest Transaction(SplitCommand command, ByteString? written, Mvccpb.KeyValue? stored, long revision, IReadOnlyList<AnnouncedMember> counted)
    {
        var key = ByteString.CopyFromUtf8(keys.Split(command.Set));
        var transaction = new TxnRequest { Compare = { KeyConditions.Unchanged(key, stored?.ModRevision ?? 0) } };
        transaction.Success.Add(written is null ? new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } } : new RequestOp { RequestPut = new PutRequest { Key = key, Value = written } });
        if (counted.Count > 0)
        {
            // A condition on all of them is broken by whatever is written there, and not by what is deleted: so those who are counted on are named.
            transaction.Compare.Add(KeyConditions.NothingNewer(FormattableString.Invariant($"{keys.Members}{command.Set}/"), revision));
            transaction.Compare.Add(KeyConditions.NothingNewer(FormattableString.Invariant($"{keys.Intents}{command.Set}/"), revision));
            transaction.Compare.Add(counted.Take(MostCounted).Select(announced => KeyConditions.Unchanged(ByteString.CopyFromUtf8(keys.Member(announced.Member.Key)), announced.ModRevision)));
        }

        return transaction;
    }

    /// <summary>That a rollout of the set's shares runs, or may, since it cannot be read, a sentence, safe to print; null where none does. And the condition that this stays so; none where the role may not read rollouts: then nobody knows.</summary>
    private async Task<(string? Running, IReadOnlyList<Compare> Stays)> RolloutAsync(int set, long revision, CancellationToken cancellationToken)
    {
        try
        {
            var stored = await ReadAsync(keys.Rollout(set), revision, cancellationToken).ConfigureAwait(false);
            Rollout? rollout = null;
            var isReadable = stored is null || RolloutRecord.TryRead(set, stored.Value.Memory, out rollout, out _);
            return (
                !isReadable ? RolloutText.Unreadable(set, keys.Rollout(set))
                : rollout is { Phase: RolloutPhase.Running, Restart: null } ? $"the rollout of set {set} runs ({RolloutText.Of(rollout.Kind)}, {RolloutText.StepOf(rollout)}, by {SafeText.Shorten(rollout.By)}), and pauses when somebody else writes the split: 'kamrpc rollout pause {set}' or 'kamrpc rollout abort {set}' first" : null,
                [KeyConditions.Unchanged(ByteString.CopyFromUtf8(keys.Rollout(set)), stored?.ModRevision ?? 0)]);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            return (null, []);
        }
    }

    private async Task<Mvccpb.KeyValue?> ReadAsync(string key, long revision, CancellationToken cancellationToken)
    {
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(key), Revision = revision };
        var found = await EtcdUnreachableException.GuardAsync(store, () => store.Keys.RangeAsync(request, EtcdCall.Options(cancellationToken)).ResponseAsync, cancellationToken).ConfigureAwait(false);
        return found.Kvs is [var pair] ? pair : null;
    }
}
