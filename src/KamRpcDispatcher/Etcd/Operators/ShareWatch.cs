using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Follows operators' splits in etcd, and the numbers of classes.</summary>
internal sealed class ShareWatch : IOperatorSource<OperatorShares>
{
    private readonly SetRecords<Split> _splits;
    private readonly SetRecords<ImmutableSortedDictionary<string, int>> _numbers;
    private readonly OperatorKeyWatch _splitWatch;
    private readonly OperatorKeyWatch _numberWatch;
    private volatile Joined? _last;

    public ShareWatch(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<ShareWatch> logger)
    {
        (_splits, _numbers) = States(keys, timeProvider, logger);
        _splitWatch = new OperatorKeyWatch(store, keys.Splits, "the watch of operators' splits", _splits, timeProvider, logger);
        _numberWatch = new OperatorKeyWatch(store, keys.Classes, "the watch of the numbers of classes", _numbers, timeProvider, logger);
    }

    public OperatorShares? Current
    {
        get
        {
            if (_splits.Current is not { } splits || _numbers.Current is not { } numbers)
            {
                return null;
            }

            // The same as long as nothing changes: whoever compares sees that at once.
            var last = _last;
            if (last is null || !ReferenceEquals(last.Splits, splits) || !ReferenceEquals(last.Numbers, numbers))
            {
                _last = last = new Joined(splits, numbers, Join(splits, numbers));
            }

            return last.Shares;
        }
    }

    /// <summary>What is followed: nothing has been read of it.</summary>
    internal static (SetRecords<Split> Splits, SetRecords<ImmutableSortedDictionary<string, int>> Numbers) States(EtcdKeys keys, TimeProvider timeProvider, ILogger logger) =>
        (new(keys.Splits, SplitRecord.TryRead, timeProvider, logger), new(keys.Classes, Read, timeProvider, logger));

    internal static OperatorShares Join(SetRecordsView<Split> splits, SetRecordsView<ImmutableSortedDictionary<string, int>> numbers) =>
        new(splits.Revision, splits.BySet, numbers.BySet, [.. splits.Rejected, .. numbers.Rejected])
        {
            IsFollowed = splits.IsFollowed && numbers.IsFollowed,
            IsRefused = !(splits.IsFollowed && numbers.IsFollowed),
        };

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] following = [_splitWatch.RunAsync(changed, life.Token), _numberWatch.RunAsync(changed, life.Token)];
        try
        {
            await await Task.WhenAny(following).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var part in following)
            {
                await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static bool Read(int set, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out ImmutableSortedDictionary<string, int>? numbers, [NotNullWhen(false)] out string? error) =>
        ClassRecord.TryRead(value, out numbers, out error);

    private sealed record Joined(SetRecordsView<Split> Splits, SetRecordsView<ImmutableSortedDictionary<string, int>> Numbers, OperatorShares Shares);
}
