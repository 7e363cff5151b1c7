using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch.Pace;

/// <summary>How long nothing needs to be read again after a cycle, if nothing wakes the loop.</summary>
/// <param name="options">How often.</param>
/// <param name="memory">What the cycles of before have left.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class CycleRest(ReconcilerOptions options, CycleMemory memory, TimeProvider timeProvider)
{
    private readonly Backoff _retries = new();

    /// <summary>How often the list is read.</summary>
    public ReadingPace Pace { get; } = new(options.Resync, timeProvider);

    /// <summary>Kamailio was read.</summary>
    public void Reached() => _retries.Reset();

    /// <summary>One that is not there may be from one moment to the next. One that is, and answers what is no answer, goes on doing so as a rule.</summary>
    public TimeSpan AfterFailure(KamailioRpcException exception, Unanswered? unanswered) =>
        unanswered is { IsWriterStuck: true } ? options.StuckRetry
        : !exception.IsTransient ? options.Resync
        : exception is KamailioUnreachableException || (_retries.Next() is var pause && pause < options.Retry) ? options.Retry
        : pause < options.Resync ? pause
        : options.Resync;

    /// <summary>After one that has nothing to change.</summary>
    /// <param name="isSettled">Whether nothing is owed.</param>
    /// <param name="shared">How calls are shared.</param>
    /// <param name="doubt">How long nobody who is doubted may come back.</param>
    public TimeSpan WithoutChange(bool isSettled, CycleShares shared, TimeSpan doubt)
    {
        var rest = Pace.Rest(isSettled);
        rest = doubt < rest ? doubt : rest;
        return shared.Rest(memory.UntilRemoval is { } removal && removal < rest ? removal : rest);
    }

    /// <summary>After one that has carried out a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="outcome">How far it got.</param>
    /// <param name="isWoken">Whether something has changed meanwhile.</param>
    /// <param name="otherwise">Where there is nothing to read back.</param>
    public TimeSpan AfterPush(ChangePlan plan, PushOutcome outcome, bool isWoken, TimeSpan otherwise)
    {
        var makesRoom = memory.Pushed(plan, outcome);

        // What was changed is read back at once. A push that only met refusals has nothing to read back, and must not spin.
        return outcome.IsBusy ? options.BusyRetry : outcome.Applied > 0 || isWoken || makesRoom ? TimeSpan.Zero : otherwise;
    }
}
