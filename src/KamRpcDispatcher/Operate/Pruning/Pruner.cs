using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate.Pruning;

/// <summary>Finds records that have lost what they are about, and deletes them, each only as it was seen and as long as that has not come back.</summary>
public sealed class Pruner(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>As many are deleted by one transaction: each has two conditions, and etcd takes 128.</summary>
    internal const int MostAtOnce = 60;

    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>What was deleted so far.</summary>
    public int Deleted { get; private set; }

    /// <summary>What stands among the records that were looked at and is none: keys, safe to print. It is left.</summary>
    public IReadOnlyList<string> Strangers { get; private set; } = [];

    /// <summary>Whether more may be deleted, without an answer.</summary>
    public bool IsInDoubt { get; private set; }

    /// <summary>What is there without its member or its set, with what is kept and why.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public async Task<IReadOnlyList<Orphan>> FindAsync(PruneCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var view = await new OperatorViewReader(store, keys, timeProvider).ReadAsync(cancellationToken).ConfigureAwait(false);
        var finder = new OrphanFinder(view, keys, command.OlderThan, timeProvider.GetUtcNow());
        var splits = await ReadAsync(keys.Splits).ConfigureAwait(false);
        List<Orphan> ofSplits = [.. finder.Splits(splits)];
        var left = splits.Keys.Select(static pair => pair.Key.ToStringUtf8()).Except(ofSplits.Where(static orphan => orphan.Kept is null).Select(static orphan => orphan.Key))
            .Select(key => EtcdKeys.TryParseSet(keys.Splits, key, out var set, out _) ? set : -1).ToHashSet();
        var (classes, calls, rollouts) = (await ReadAsync(keys.Classes).ConfigureAwait(false), await ReadAsync(keys.Calls).ConfigureAwait(false), await ReadAsync(keys.Rollouts).ConfigureAwait(false));
        Strangers =
        [
            .. Strange(await ReadAsync(keys.Intents).ConfigureAwait(false), key => keys.TryParseIntent(key, out _, out _) || keys.TryParseProxyIntent(key, out _, out _)),
            .. Strange(splits, key => EtcdKeys.TryParseSet(keys.Splits, key, out _, out _)), .. Strange(classes, key => EtcdKeys.TryParseSet(keys.Classes, key, out _, out _)),
            .. Strange(calls, key => keys.TryParseCallCount(key, out _, out _)), .. Strange(rollouts, keys.IsOfRollout),
        ];
        return [.. finder.Intents(), .. ofSplits, .. finder.Classes(classes, left), .. finder.Calls(calls), .. finder.Rollouts(rollouts)];

        Task<KeyListing> ReadAsync(string prefix) =>
            EtcdUnreachableException.GuardAsync(store, () => new KeyPages(store, timeProvider).ReadAsync(prefix, view.Revision, cancellationToken: cancellationToken), cancellationToken);
    }

    private static IEnumerable<string> Strange(KeyListing listed, Func<string, bool> isOurs) =>
        listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).Where(key => !isOurs(key)).Select(static key => SafeText.Shorten(key, MemberValidation.MaxReasonLength));

    /// <summary>Deletes those, with an entry in the history.</summary>
    /// <param name="command">Who asks, and why.</param>
    /// <param name="orphans">Those that were found; who is kept is left.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses: <see cref="Deleted"/> and <see cref="IsInDoubt"/> say what is deleted.</exception>
    public async Task<PruneOutcome> DeleteAsync(PruneCommand command, IReadOnlyList<Orphan> orphans, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (deleted, revision) = (new List<Orphan>(), 0L);
        foreach (var some in orphans.Where(static orphan => orphan.Kept is null).Chunk(MostAtOnce))
        {
            var transaction = Transaction(command, some);
            try
            {
                IsInDoubt = true;
                var done = await EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                IsInDoubt = false;
                if (!done.Succeeded)
                {
                    return new PruneOutcome(IntentResult.KeepsChanging, deleted, revision) { Reasons = ["one of these records, its member or its set has changed since it was looked at: look again"] };
                }

                deleted.AddRange(some);
                (Deleted, revision) = (deleted.Count, done.Header.Revision);
            }
            catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
            {
                IsInDoubt = false;
                if (await _history.WhyForbiddenAsync(unreachable, keys.Intents, cancellationToken).ConfigureAwait(false) is { } why)
                {
                    return new PruneOutcome(IntentResult.Unrecorded, deleted, revision) { Reasons = [why] };
                }

                throw;
            }
        }

        return new PruneOutcome(IntentResult.Written, deleted, revision);
    }

    private TxnRequest Transaction(PruneCommand command, IReadOnlyList<Orphan> orphans)
    {
        var transaction = new TxnRequest();
        foreach (var orphan in orphans)
        {
            var key = ByteString.CopyFromUtf8(orphan.Key);
            transaction.Compare.Add(KeyConditions.Unchanged(key, orphan.ModRevision));
            transaction.Compare.Add(IsGone(orphan));
            transaction.Success.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        }

        var kinds = string.Join(", ", orphans.GroupBy(static orphan => orphan.Kind).OrderBy(static kind => kind.Key).Select(static kind => OrphanText.Of(kind.Key, kind.Count())));
        transaction.Success.Add(_history.Begin(new HistoryEntry(timeProvider.GetUtcNow(), command.By, "prune") { From = kinds, To = "deleted", Reason = command.Reason }
            .About(orphans.Select(static orphan => orphan.Set), orphans.Select(static orphan => orphan.Name).OfType<string>())).Put);
        return transaction;
    }

    /// <summary>The member has no record; of a set nobody has one.</summary>
    private Compare IsGone(Orphan orphan)
    {
        if (orphan.Name is not null)
        {
            return KeyConditions.CreatedBy(ByteString.CopyFromUtf8(keys.Member(orphan.Member)), 0);
        }

        var set = FormattableString.Invariant($"{keys.Members}{orphan.Set}/");
        var gone = KeyConditions.CreatedBy(ByteString.CopyFromUtf8(set), 0);
        gone.RangeEnd = EtcdKeys.PrefixEnd(set);
        return gone;
    }
}

/// <summary>The words for what is pruned.</summary>
public static class OrphanText
{
    public static string Of(OrphanKind kind) => kind switch
    {
        OrphanKind.Intent => "intent",
        OrphanKind.Split => "split",
        OrphanKind.Classes => "classes",
        OrphanKind.Rollout => "rollout",
        _ => "calls",
    };

    /// <summary><c>1 intent</c>, <c>2 splits</c>.</summary>
    public static string Of(OrphanKind kind, int count) => FormattableString.Invariant($"{count} {(kind, count) switch
    {
        (OrphanKind.Intent, 1) => "intent",
        (OrphanKind.Intent, _) => "intents",
        (OrphanKind.Split, 1) => "split",
        (OrphanKind.Split, _) => "splits",
        (OrphanKind.Classes, _) => "sets' class numbers",
        (OrphanKind.Rollout, 1) => "rollout",
        (OrphanKind.Rollout, _) => "rollouts",
        (_, 1) => "count of calls",
        _ => "counts of calls",
    }}");
}
