using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Rollouts in etcd: each change is written with the split that it wishes and its entry in the history, in one transaction, as long as nobody has changed either since they were read.</summary>
public sealed class RolloutStore(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    private const int LongestError = 256;

    private readonly KeyTransactions _transactions = new(store);
    private readonly IntentTransaction _intents = new(store, keys);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>Whether something may be written, without an answer.</summary>
    internal bool IsInDoubt { get; private set; }

    /// <summary>What stands there of a set.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public async Task<RolloutView> ReadAsync(int set, CancellationToken cancellationToken)
    {
        ByteString[] wanted = [.. new[] { keys.Rollout(set), keys.Split(set), keys.RolloutRunner(set) }.Select(ByteString.CopyFromUtf8)];
        var (header, found) = await EtcdUnreachableException.GuardAsync(store, () => _transactions.ReadAsync(wanted, withValue: true, EtcdCall.Options(cancellationToken)), cancellationToken).ConfigureAwait(false);
        return View(set, header.Revision, found[0], found[1], found[2]);
    }

    /// <summary>What stands there of all sets that have a rollout, or had one.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public async Task<RolloutListing> ReadAllAsync(CancellationToken cancellationToken)
    {
        var pages = new KeyPages(store, timeProvider);
        var rollouts = await EtcdUnreachableException.GuardAsync(store, () => pages.ReadAsync(keys.Rollouts, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        var splits = await EtcdUnreachableException.GuardAsync(store, () => pages.ReadAsync(keys.Splits, rollouts.Revision, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        var byKey = rollouts.Keys.Concat(splits.Keys).ToDictionary(static pair => pair.Key.ToStringUtf8(), StringComparer.Ordinal);
        List<RolloutView> views =
        [
            .. byKey.Keys.Select(key => EtcdKeys.TryParseSet(keys.Rollouts, key, out var set, out _) ? set : (int?)null).OfType<int>().Order()
                .Select(set => View(set, rollouts.Revision, byKey.GetValueOrDefault(keys.Rollout(set)), byKey.GetValueOrDefault(keys.Split(set)), byKey.GetValueOrDefault(keys.RolloutRunner(set)))),
        ];
        for (var index = 0; index < views.Count; index++)
        {
            views[index] = await WithDrainsAsync(views[index], cancellationToken).ConfigureAwait(false);
        }

        return new RolloutListing(
            views,
            [.. rollouts.Keys.Select(static pair => pair.Key.ToStringUtf8()).Where(key => !keys.IsOfRollout(key)).Select(key => new RejectedRecord(SafeText.Shorten(key, LongestError), $"the key is not {keys.Rollouts}<set>: it is left alone", KeepsLastGood: false))]);
    }

    /// <summary>The same, with what has become of its drains. Whoever may not read that does not know it.</summary>
    private async Task<RolloutView> WithDrainsAsync(RolloutView view, CancellationToken cancellationToken)
    {
        if (view.Rollout is not { HasEnded: false, Restart: { } restart } rollout)
        {
            return view;
        }

        MemberKey[] drained = [.. restart.Drained.Take(RollingRestart.MostInBatch).Select(member => new MemberKey(rollout.Set, member.Name))];
        if (drained.Length == 0)
        {
            return view with { Undrained = [] };
        }

        try
        {
            var (_, found) = await EtcdUnreachableException.GuardAsync(
                store, () => _transactions.ReadAsync([.. drained.Select(key => ByteString.CopyFromUtf8(keys.Intent(key)))], withValue: true, EtcdCall.Options(cancellationToken)), cancellationToken).ConfigureAwait(false);
            return view with { Undrained = [.. drained.Zip(found).Where(one => !RollingPlanner.IsOurs(rollout, one.Second is { } pair && IntentRecord.TryRead(one.First, pair.Value.Memory, out var intent, out _) ? intent : null)).Select(static one => one.First.Name)] };
        }
        catch (EtcdUnreachableException refused) when (EtcdFailure.IsRefusal(refused.InnerException))
        {
            return view;
        }
    }

    /// <summary>Writes a rollout as it is to be, and what it wishes of the split.</summary>
    /// <param name="view">What was decided on: rollout and split still have to be of those revisions.</param>
    /// <param name="next">The rollout.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="what">In a word or two, for the history.</param>
    /// <param name="runner">The revision that created the runner's key, where it has to be of that still; null for whoever may write.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="intents">What becomes of members' intents with it.</param>
    /// <param name="about">The members that it concerns, for the history.</param>
    /// <exception cref="EtcdUnreachableException">No answer: whether it was written is not known. Or etcd refuses.</exception>
    internal async Task<RolloutWritten> WriteAsync(RolloutView view, Rollout next, string by, string what, long? runner, CancellationToken cancellationToken, IntentsBeside? intents = null, IReadOnlyList<string>? about = null)
    {
        var (key, splitKey) = (ByteString.CopyFromUtf8(keys.Rollout(view.Set)), ByteString.CopyFromUtf8(keys.Split(view.Set)));
        var value = ByteString.CopyFrom(RolloutRecord.Write(next));
        var split = SplitOf(view, next, by, timeProvider.GetUtcNow());
        var entry = _history.Begin(new HistoryEntry(timeProvider.GetUtcNow(), by, what)
        {
            From = split is null ? null : RolloutText.Of(view.Split?.Shares),
            To = split is null ? null : RolloutText.Of(next.Wished),
            Reason = next.Message ?? next.Reason,
        }.About([view.Set], about ?? []));
        var transaction = new TxnRequest
        {
            Compare = { KeyConditions.Unchanged(key, view.ModRevision), KeyConditions.Unchanged(splitKey, view.SplitRevision) },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = key, Value = value } }, entry.Put },
        };
        if (split is not null)
        {
            transaction.Success.Add(split);
        }

        if (intents is not null && _intents.Add(transaction, intents) < intents.Writes.Count)
        {
            throw new InvalidOperationException("more intents than one transaction takes");
        }

        if (runner is { } revision)
        {
            transaction.Compare.Add(KeyConditions.CreatedBy(ByteString.CopyFromUtf8(keys.RolloutRunner(view.Set)), revision));
        }

        IsInDoubt = true;
        var done = await EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (done.Succeeded)
        {
            IsInDoubt = false;
            return new RolloutWritten(true, done.Header.Revision, split is not null, entry with { Revision = done.Header.Revision });
        }

        // An earlier try of the call may have written it, and its answer was lost.
        var (_, found) = await EtcdUnreachableException.GuardAsync(store, () => _transactions.ReadAsync([key], withValue: true, EtcdCall.Options(cancellationToken)), cancellationToken).ConfigureAwait(false);
        IsInDoubt = false;
        return found[0] is { } there && there.ModRevision > view.ModRevision && there.Value == value
            ? new RolloutWritten(true, there.ModRevision, split is not null, entry with { Revision = there.ModRevision })
            : new RolloutWritten(false, 0, false, entry);
    }

    /// <summary>Gives the runner's key back of one that ends while the rollout is paused. Not where somebody has changed that meanwhile, who counts on the runner then.</summary>
    /// <exception cref="EtcdUnreachableException">No answer, or etcd refuses.</exception>
    internal async Task<bool> LeaveAsync(RolloutView view, long runner, CancellationToken cancellationToken)
    {
        var key = ByteString.CopyFromUtf8(keys.RolloutRunner(view.Set));
        var transaction = new TxnRequest
        {
            Compare = { KeyConditions.Unchanged(ByteString.CopyFromUtf8(keys.Rollout(view.Set)), view.ModRevision), KeyConditions.CreatedBy(key, runner) },
            Success = { new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } } },
        };
        return (await EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false)).Succeeded;
    }

    /// <summary>Why a write was refused, where it was because of the history: a sentence, safe to print; else null.</summary>
    internal Task<string?> WhyForbiddenAsync(EtcdUnreachableException refused, CancellationToken cancellationToken)
    {
        IsInDoubt = false;
        return _history.WhyForbiddenAsync(refused, keys.Rollouts, cancellationToken);
    }

    /// <summary>Which right is missing where etcd refuses: a sentence.</summary>
    public string NeededRole => $"its role needs readwrite on the prefixes {keys.Rollouts}, {keys.Splits} and {keys.History}, and read on {keys.Members}, {keys.Intents} and {keys.Proxies}; of a rolling one also readwrite on {keys.Intents}, and read on {keys.Calls}";

    private static RolloutView View(int set, long revision, Mvccpb.KeyValue? rollout, Mvccpb.KeyValue? split, Mvccpb.KeyValue? runner)
    {
        var (read, error) = ((Rollout?)null, (string?)null);
        if (rollout is not null)
        {
            RolloutRecord.TryRead(set, rollout.Value.Memory, out read, out error);
        }

        var (shares, splitError) = ((Split?)null, (string?)null);
        if (split is not null)
        {
            SplitRecord.TryRead(set, split.Value.Memory, out shares, out splitError);
        }

        return new RolloutView(set, revision, read)
        {
            Error = error is null ? null : SafeText.Shorten(error, LongestError),
            ModRevision = rollout?.ModRevision ?? 0,
            Split = shares,
            SplitError = splitError is null ? null : SafeText.Shorten(splitError, LongestError),
            SplitRevision = split?.ModRevision ?? 0,
            Runner = runner is null ? null : RolloutRunnerRecord.TryRead(runner.Value.Memory, out var who) ? who : RolloutRunnerRecord.Unknown,
            RunnerRevision = runner?.CreateRevision ?? 0,
        };
    }

    /// <summary>What becomes of the split; null where it is as it is to be. Who is paused leaves it.</summary>
    private RequestOp? SplitOf(RolloutView view, Rollout next, string by, DateTimeOffset now)
    {
        if (next.Phase == RolloutPhase.Paused || (view with { Rollout = next }).IsAsWished)
        {
            return null;
        }

        var key = ByteString.CopyFromUtf8(keys.Split(view.Set));
        return next.Wished is { } shares
            ? new RequestOp
            {
                RequestPut = new PutRequest { Key = key, Value = ByteString.CopyFrom(SplitRecord.Write(new Split(view.Set, next.Label, shares) { By = by, At = now, Reason = $"rollout {RolloutText.Of(next.Kind)} {RolloutText.Of(next.Phase)}" })) },
            }
            : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } };
    }
}

/// <summary>The rollouts of all sets.</summary>
/// <param name="Rollouts">By set.</param>
/// <param name="Rejected">What stands there and is none.</param>
public sealed record RolloutListing(IReadOnlyList<RolloutView> Rollouts, IReadOnlyList<RejectedRecord> Rejected);

/// <summary>What came of a write.</summary>
/// <param name="IsWritten">Whether it was written; else something had changed meanwhile.</param>
/// <param name="Revision">The store's revision that wrote it.</param>
/// <param name="HasSplit">Whether the split was written with it, or deleted: proxies have something to apply.</param>
/// <param name="Entry">Its entry in the history.</param>
internal readonly record struct RolloutWritten(bool IsWritten, long Revision, bool HasSplit, RecordedChange Entry);
