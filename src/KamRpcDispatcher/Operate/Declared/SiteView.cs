using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>What stands in etcd of what a file may declare, at one revision.</summary>
/// <param name="View">Members, what is wished of them, and proxies.</param>
/// <param name="Splits">The splits, by set.</param>
internal sealed record SiteView(OperatorView View, IReadOnlyDictionary<int, StoredSplit> Splits);

/// <summary>A split as it is stored.</summary>
/// <param name="ModRevision">The store's revision of the record.</param>
/// <param name="Split">What it says; null where it cannot be read.</param>
/// <param name="Error">Why it cannot be read; null where it can.</param>
internal sealed record StoredSplit(long ModRevision, Split? Split, string? Error);

/// <summary>Reads it.</summary>
internal sealed class SiteViewReader(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    private readonly OperatorViewReader _reader = new(store, keys, timeProvider);
    private readonly KeyPages _pages = new(store, timeProvider);

    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public async Task<SiteView> ReadAsync(CancellationToken cancellationToken)
    {
        var view = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var splits = new Dictionary<int, StoredSplit>();
        foreach (var pair in await ListAsync(keys.Splits, view.Revision, cancellationToken).ConfigureAwait(false))
        {
            if (EtcdKeys.TryParseSet(keys.Splits, pair.Key.ToStringUtf8(), out var set, out _))
            {
                SplitRecord.TryRead(set, pair.Value.Memory, out var split, out var error);
                splits[set] = new StoredSplit(pair.ModRevision, split, error is null ? null : SafeText.Shorten(error, MemberValidation.MaxReasonLength));
            }
        }

        return new SiteView(view, splits);
    }

    /// <summary>
    /// Which sets have a rollout that is not over and decides on their shares, as of a revision, and whether it may decide on more, since it cannot be read. One that restarts members is none of these: its drains are not taken for
    /// anybody else's, and whatever else is wished beside it, by hand or by a file, it takes as it comes.
    /// </summary>
    public async Task<IReadOnlyDictionary<int, bool>> RolloutsAsync(long revision, CancellationToken cancellationToken)
    {
        var sets = new Dictionary<int, bool>();
        foreach (var pair in await ListAsync(keys.Rollouts, revision, cancellationToken).ConfigureAwait(false))
        {
            if (!EtcdKeys.TryParseSet(keys.Rollouts, pair.Key.ToStringUtf8(), out var set, out _))
            {
                continue;
            }

            var isReadable = RolloutRecord.TryRead(set, pair.Value.Memory, out var rollout, out _);
            if (!isReadable || rollout is { HasEnded: false, Kind: not RolloutKind.Rolling })
            {
                sets[set] = !isReadable;
            }
        }

        return sets;
    }

    private async Task<IReadOnlyList<Mvccpb.KeyValue>> ListAsync(string prefix, long revision, CancellationToken cancellationToken) =>
        (await EtcdUnreachableException.GuardAsync(store, () => _pages.ReadAsync(prefix, revision, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Keys;
}
