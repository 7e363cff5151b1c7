using System.Collections.Immutable;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Operators;

namespace KamRpcDispatcher.Tests.Operators;

/// <summary>Shares that the test sets; none from the beginning.</summary>
internal sealed class FakeShares : IOperatorSource<OperatorShares>
{
    private Action _changed = static () => { };
    private volatile OperatorShares? _current = Followed(1);

    public OperatorShares? Current => _current;

    /// <summary>Splits that are followed, of sets whose classes have no numbers yet.</summary>
    public static OperatorShares Followed(long revision, params Split[] splits) =>
        OperatorShares.Unknown with { Revision = revision, IsFollowed = true, Splits = splits.ToImmutableSortedDictionary(static split => split.Set, static split => split) };

    /// <summary>A split of a set by the label version, in per cent.</summary>
    public static Split Split(int set, params (string Value, int PerCent)[] shares) =>
        new(set, "version", shares.ToImmutableSortedDictionary(static share => share.Value, static share => share.PerCent * 10, StringComparer.Ordinal));

    public void Set(OperatorShares? shares)
    {
        _current = shares;
        _changed();
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
