using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>
/// The members of one source with the intents and the shares of two others: as they are announced, and as they are saved. <see cref="OperatedSource"/> applies the intents.
/// </summary>
/// <remarks>
/// Whoever is drained must get no calls when a dispatcher starts, and who has a small share not more than that: members are not told before what operators wish is, for a while at
/// least.
/// </remarks>
/// <param name="members">The members.</param>
/// <param name="intents">The intents.</param>
/// <param name="shares">The shares.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class JoinedSource(
    IMembershipSource members, IOperatorSource<OperatorIntents> intents, IOperatorSource<OperatorShares> shares, TimeProvider timeProvider, ILogger<JoinedSource> logger) : IMembershipSource
{
    /// <summary>How long members that are known wait for their intents.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _areMembersKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Membership? _before;
    private volatile bool _isPatienceOver;
    private volatile bool _isTold;
    private volatile Joined? _last;
    private volatile OperatorIntents? _refused;
    private volatile OperatorShares? _refusedShares;

    public Membership? Current
    {
        get
        {
            if (members.Current is not { } announced || IntentsFor(announced) is not { } wished || SharesFor(announced) is not { } shared)
            {
                return null;
            }

            // The same as long as nothing changes: whoever compares sees that at once.
            var last = _last;
            if (last is null || !ReferenceEquals(last.Announced, announced) || !ReferenceEquals(last.Wished, wished) || !ReferenceEquals(last.Shared, shared))
            {
                _last = last = new Joined(announced, wished, shared, announced with { Intents = wished, Shares = shared });
            }

            return last.Whole;
        }
    }

    /// <summary>Takes the intents and the shares of a membership of before as those known last, if it is of the store that tells the members. Only before <see cref="RunAsync"/>.</summary>
    public void Seed(Membership before) => _before = before;

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] following = [members.RunAsync(Changed, life.Token), intents.RunAsync(Changed, life.Token), shares.RunAsync(Changed, life.Token)];
        var waiting = WaitAsync(changed, life.Token);
        try
        {
            await await Task.WhenAny(following).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var part in following.Append(waiting))
            {
                await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        void Changed()
        {
            // What is not told yet is no change for anybody: who waits for the first one would think that it is there. Later ones are not read here: there may be
            // thousands at once, and who wants to know makes one membership of them.
            if (_isTold || IsToldNow())
            {
                changed();
            }
        }
    }

    private bool IsWishKnown => intents.Current is not null && shares.Current is not null;

    private bool IsToldNow()
    {
        if (members.Current is not null)
        {
            _areMembersKnown.TrySetResult();
        }

        if (Current is null)
        {
            return false;
        }

        _isTold = true;
        if (intents is NoIntents && EndedWishes.Names(_before) is { Length: > 0 } names)
        {
            OperatorLog.WishesEnd(logger, names);
        }

        return true;
    }

    private async Task WaitAsync(Action changed, CancellationToken cancellationToken)
    {
        await _areMembersKnown.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (IsWishKnown)
        {
            return;
        }

        await Task.Delay(Patience, timeProvider, cancellationToken).ConfigureAwait(false);
        if (!IsWishKnown)
        {
            (_isPatienceOver, _isTold) = (true, true);
            var wishes = Current?.Intents?.ByMember.Count ?? 0;
            if (members.Current?.SavedOnly.Contains(StoreOutage.Etcd) == true)
            {
                OperatorLog.NothingTold(logger, Patience, wishes);
            }
            else
            {
                OperatorLog.IntentsNotTold(logger, Patience, wishes);
            }

            changed();
        }
    }

    /// <summary>Null while they are still waited for.</summary>
    private OperatorIntents? IntentsFor(Membership announced) => intents.Current switch
    {
        null => _isPatienceOver ? Before(announced) : null,

        // It was never followed: what was saved is all that is known.
        { IsFollowed: false, Revision: 0 } refused => refused.IsRefused ? AsRefused(Before(announced)) : Before(announced),
        var read => read,
    };

    private OperatorShares? SharesFor(Membership announced) => shares.Current switch
    {
        null => _isPatienceOver ? SharesBefore(announced) : null,
        { IsFollowed: false, Revision: 0 } refused => refused.IsRefused ? AsRefused(SharesBefore(announced)) : SharesBefore(announced),
        var read => read,
    };

    private OperatorShares AsRefused(OperatorShares known) => _refusedShares is { } refused && ReferenceEquals(refused.Splits, known.Splits) ? refused : _refusedShares = known with { IsRefused = true };

    private OperatorShares SharesBefore(Membership announced) =>
        _before is { Shares: { } known, Store: { } store } && announced.Store?.ClusterId == store.ClusterId ? known : OperatorShares.Unknown;

    /// <summary>The same as long as they are the same.</summary>
    private OperatorIntents AsRefused(OperatorIntents known) => _refused is { } refused && ReferenceEquals(refused.ByMember, known.ByMember) ? refused : _refused = known with { IsRefused = true };

    private OperatorIntents Before(Membership announced) =>
        _before is { Intents: { } known, Store: { } store } && announced.Store?.ClusterId == store.ClusterId ? known : OperatorIntents.Unknown;

    private sealed record Joined(Membership Announced, OperatorIntents Wished, OperatorShares Shared, Membership Whole);
}
