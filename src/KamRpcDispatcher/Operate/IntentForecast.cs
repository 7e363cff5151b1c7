using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>What would become of sets by intents that are not written.</summary>
internal static class IntentForecast
{
    /// <param name="splits">Reads the splits, by which shares go too.</param>
    /// <param name="view">What is there.</param>
    /// <param name="writes">What would be written.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>By set.</returns>
    /// <exception cref="EtcdUnreachableException">etcd did not answer.</exception>
    public static async Task<IReadOnlyList<SetForecast>> OfAsync(SplitWriter splits, OperatorView view, IReadOnlyList<IntentWrite> writes, CancellationToken cancellationToken)
    {
        var after = SetForecast.After(view, writes.Select(static write => (write.Subject.Member, Read(write))));
        var sets = new List<SetForecast>();
        foreach (var set in writes.Select(static write => write.Subject.Member.Set).Distinct().Order())
        {
            var (split, why) = await ReadAsync(splits, set, cancellationToken).ConfigureAwait(false);
            sets.Add(SetForecast.Of(view, set, IntentsProgress.Kind, (SplitForecast.MembersOf(view, set), split), (SplitForecast.MembersOf(after, set), split)) with { Note = why });
        }

        return sets;
    }

    private static async Task<(Split? Split, string? Why)> ReadAsync(SplitWriter splits, int set, CancellationToken cancellationToken)
    {
        try
        {
            var (split, error) = await splits.ReadSplitAsync(set, cancellationToken).ConfigureAwait(false);
            return (split, error is null ? null : FormattableString.Invariant($"the split of set {set} cannot be read: these are the shares without one"));
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            return (null, FormattableString.Invariant($"whether set {set} is split may not be read: these are the shares without a split"));
        }
    }

    private static Intent? Read(IntentWrite write) => write.Value is { } value && IntentRecord.TryRead(write.Subject.Member, value.Memory, out var intent, out _) ? intent : null;
}
