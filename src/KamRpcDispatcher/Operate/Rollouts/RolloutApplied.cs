using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Waits until every proxy has the shares of a rollout, and notes it in the history.</summary>
public sealed class RolloutApplied(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger)
{
    private const int MostNamed = 5;

    private readonly AppliedHistory _history = new(new HistoryStore(store, keys, timeProvider), timeProvider);
    private readonly List<RecordedChange> _unnoted = [];

    /// <summary>A wait that is broken off is taken up again.</summary>
    private readonly FirstApplied _first = new();

    /// <summary>Told how the proxies are while it is waited for them.</summary>
    public Action<AppliedState> Seen { get; init; } = static _ => { };

    /// <summary>Told that it is not waited for them any more.</summary>
    public Action Ended { get; init; } = static () => { };

    /// <summary>How long it is waited for.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A change of which is not known yet who has applied it. Where nobody waits for its revision there is nothing in it that proxies apply.</summary>
    public void Note(RecordedChange? recorded)
    {
        if (recorded is not null)
        {
            _unnoted.Add(recorded);
        }
    }

    /// <summary>Waits for a rollout's split, or for its deletion, by its revision. Each time those proxies count that report by then, and those that did before.</summary>
    /// <returns>How they are in the end; <see cref="AppliedState.IsApplied"/> where all have it.</returns>
    /// <exception cref="EtcdUnreachableException">etcd does not answer.</exception>
    public Task<AppliedState> WaitAsync(Rollout rollout, long revision, CancellationToken cancellationToken) => WaitAsync(RolloutProxies.TargetOf(rollout, revision), cancellationToken);

    /// <summary>Waits for whatever was written.</summary>
    /// <exception cref="EtcdUnreachableException">etcd does not answer.</exception>
    public async Task<AppliedState> WaitAsync(AppliedTarget target, CancellationToken cancellationToken)
    {
        var wait = await AppliedWait.OpenAsync(store, keys, timeProvider, logger, _first, cancellationToken).ConfigureAwait(false);
        await using (wait.ConfigureAwait(false))
        {
            AppliedState state;
            try
            {
                state = await wait.UntilAppliedAsync(target, Seen, Timeout, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Ended();
            }

            await _history.NoteAsync([.. _unnoted.Where(change => change.Revision == target.Revision)], state).ConfigureAwait(false);
            _unnoted.RemoveAll(change => change.Revision <= target.Revision);
            return state;
        }
    }

    /// <summary>Begins to follow the counts of calls.</summary>
    /// <exception cref="EtcdUnreachableException">etcd does not answer, or refuses.</exception>
    internal Task<IdleWait> OpenIdleAsync(CancellationToken cancellationToken) => IdleWait.OpenAsync(store, keys, timeProvider, logger, cancellationToken);

    /// <summary>Who has not applied it, safe to print.</summary>
    public static string MissingOf(AppliedState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        List<string> missing = [.. state.Proxies.Where(static proxy => !proxy.IsApplied).Select(static proxy => $"{proxy.Name} ({proxy.Missing})")];
        return state.Proxies.Count == 0 ? "a proxy that reports and serves the set"
            : string.Join("; ", missing.Take(MostNamed)) + (missing.Count > MostNamed ? FormattableString.Invariant($"; and {missing.Count - MostNamed} more") : string.Empty)
                + (state.Proxies.Any(static proxy => proxy.IsExpected) ? "; one that was retired is let go by --force" : string.Empty);
    }
}
