using Grpc.Core;
using KamailioRpc;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>Begins a rollout and runs it, or does to one that is there what an operator asks for, and says what came of it.</summary>
internal sealed class RolloutRun : IAsyncDisposable
{
    private readonly RolloutAsk _ask;
    private readonly EtcdConnection _store;
    private readonly EtcdKeys _keys;
    private readonly ILoggerFactory _logs = Logs.Create(LogLevel.Error);
    private readonly RolloutStore _rollouts;
    private readonly RolloutControl _control;
    private readonly WaitTeller _teller = new(Console.Error.WriteLine, TimeProvider.System);
    private readonly RolloutApplied _applied;
    private bool _isWritten;

    private RolloutRun(RolloutAsk ask)
    {
        (_ask, _store, _keys) = (ask, new EtcdConnection(ask.Etcd, TimeProvider.System), new EtcdKeys(ask.Cluster));
        (_rollouts, _control) = (new RolloutStore(_store, _keys, TimeProvider.System), new RolloutControl(_store, _keys, TimeProvider.System) { DrainTime = ask.DrainTime });
        _applied = new RolloutApplied(_store, _keys, TimeProvider.System, _logs.CreateLogger<RolloutRun>()) { Seen = _teller.Saw, Ended = () => _teller.Saw(string.Empty, string.Empty), Timeout = ask.Timeout };
    }

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(RolloutAsk ask, CancellationToken cancellationToken)
    {
        var run = new RolloutRun(ask);
        await using (run.ConfigureAwait(false))
        {
            try
            {
                run._teller.Start();
                return ask.Start is { } start ? await run.StartAsync(start, cancellationToken).ConfigureAwait(false)
                    : ask.Change is not null || ask.IsBack ? await run.ChangeAsync(cancellationToken).ConfigureAwait(false)
                    : await RolloutStatus.RunAsync(ask, run._rollouts, () => AppliedWait.OpenAsync(run._store, run._keys, TimeProvider.System, run._logs.CreateLogger<AppliedWait>(), cancellationToken), cancellationToken).ConfigureAwait(false);
            }
            catch (EtcdUnreachableException unreachable)
            {
                Console.Error.WriteLine($"kamrpc: {unreachable.Message}{run.Written()}");
                if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
                {
                    Console.Error.WriteLine($"kamrpc: {run._rollouts.NeededRole}");
                }

                return ExitCode.Unreachable;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                Console.Error.WriteLine("kamrpc: ended; what is written stays: 'kamrpc rollout status' tells it");
                return ExitCode.NotDone;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _teller.DisposeAsync().ConfigureAwait(false);
        _store.Dispose();
        _logs.Dispose();
    }

    private async Task<int> StartAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        if (_ask.IsDryRun)
        {
            return Planned(await _control.PlanAsync(request, cancellationToken).ConfigureAwait(false));
        }

        var key = await RolloutRunnerKey.TakeAsync(_store, _keys, request.Set, request.By, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        if (key is null)
        {
            var view = await _rollouts.ReadAsync(request.Set, cancellationToken).ConfigureAwait(false);
            return Refuse(new RolloutOutcome(RolloutResult.Taken, view) { Reasons = [$"set {Ages.Number(request.Set)} has a rollout, which {RolloutEnd.RunnerOf(view)} runs: 'kamrpc rollout status {Ages.Number(request.Set)}'"] });
        }

        await using (key.ConfigureAwait(false))
        {
            var outcome = await _control.StartAsync(request, key, cancellationToken).ConfigureAwait(false);
            if (outcome.Result != RolloutResult.Written)
            {
                return Refuse(outcome);
            }

            Warn(outcome);
            return await RunAsync(outcome, key, cancellationToken).ConfigureAwait(false);
        }
    }

    private int Planned(RolloutOutcome plan)
    {
        Warn(plan);
        return plan.Result == RolloutResult.Planned ? RolloutPlanAnswer.Print(plan, _ask.Format) : Refuse(plan);
    }

    private static void Warn(RolloutOutcome outcome)
    {
        foreach (var warning in outcome.Warnings)
        {
            Console.Error.WriteLine($"kamrpc: warning: {warning}");
        }
    }

    /// <summary>Again where who ran it has left meanwhile.</summary>
    private async Task<int> ChangeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await TryChangeAsync(cancellationToken).ConfigureAwait(false) is { } exitCode)
            {
                return exitCode;
            }
        }
    }

    private async Task<int?> TryChangeAsync(CancellationToken cancellationToken)
    {
        var set = _ask.Set!.Value;
        var view = await _rollouts.ReadAsync(set, cancellationToken).ConfigureAwait(false);
        var what = _ask.Change ?? (view.Rollout is { HasEnded: true } ? RolloutEvent.Undo : RolloutEvent.Abort);
        if (_ask.IsBack && view.Rollout is { Kind: not RolloutKind.BlueGreen } other)
        {
            return Refuse(new RolloutOutcome(RolloutResult.Refused, view) { Reasons = [$"the {(other.HasEnded ? "last " : string.Empty)}rollout of set {Ages.Number(set)} is a {RolloutText.Of(other.Kind)}, and {(other.HasEnded ? "of the one before nothing is kept: 'kamrpc split' gives calls to the other side" : $"not done: 'kamrpc rollout abort {Ages.Number(set)}'")}"] });
        }

        if (what == RolloutEvent.Resume && view is { Rollout.Phase: RolloutPhase.Running, Runner: not null })
        {
            return Refuse(new RolloutOutcome(RolloutResult.Refused, view) { Reasons = [$"the rollout of set {Ages.Number(set)} goes on already: {RolloutEnd.RunnerOf(view)} runs it"] });
        }

        if (_ask.IsDryRun)
        {
            return Planned(await _control.PlanChangeAsync(set, what, _ask.By, _ask.Reason, _ask.IsForced, cancellationToken).ConfigureAwait(false));
        }

        // Whoever goes on runs it, where nobody else does.
        var key = what is RolloutEvent.Resume or RolloutEvent.Promote && view is { Runner: null, Rollout.HasEnded: false }
            ? await RolloutRunnerKey.TakeAsync(_store, _keys, set, _ask.By, TimeProvider.System, cancellationToken).ConfigureAwait(false)
            : null;
        try
        {
            var outcome = await _control.ChangeAsync(set, what, _ask.By, _ask.Reason, _ask.IsForced, key, cancellationToken).ConfigureAwait(false);
            if (outcome.Result == RolloutResult.Unrun)
            {
                return null;
            }

            if (outcome.Result != RolloutResult.Written)
            {
                return Refuse(outcome);
            }

            Warn(outcome);
            if (key is not null && outcome.View.Rollout is { HasEnded: false } rollout && (rollout.Restart?.Exec ?? rollout.Gate) is { } command)
            {
                Console.Error.WriteLine($"kamrpc: takes over the rollout of set {Ages.Number(set)}; its {(rollout.Restart is null ? "gate" : "command")}, which runs here: {SafeText.Shorten(command, RolloutRecord.MaxGateLength)}");
            }

            if (key is not null && outcome.View.Rollout is { HasEnded: false })
            {
                return await RunAsync(outcome, key, cancellationToken).ConfigureAwait(false);
            }

            // It has ended by that: there is nothing to run while proxies are waited for.
            _ = key is null || await key.GiveBackAsync().ConfigureAwait(false);
            return await AppliedAsync(outcome, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (key is not null)
            {
                await key.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Runs it to its end.</summary>
    private async Task<int> RunAsync(RolloutOutcome begun, RolloutRunnerKey key, CancellationToken cancellationToken)
    {
        _isWritten = true;
        var runner = new RolloutRunner(_store, _keys, key, _applied, _ask.By, Tell, TimeProvider.System) { WaitsWhilePaused = _ask.WaitsWhilePaused };
        Tell($"begins at {RolloutText.StepOf(begun.View.Rollout!)}{(begun.View.Rollout!.Restart is null ? $"; {RolloutText.Of(begun.View.Rollout.Wished)}" : string.Empty)}");
        var end = await runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        var (isMine, isLost) = (end.Rollout?.Id == begun.View.Rollout!.Id, key.IsLost);

        // Somebody else may have promoted it.
        var state = isMine && end is { Rollout: { Phase: RolloutPhase.Done, Restart: null }, SplitRevision: > 0 and var revision } ? await _applied.WaitAsync(end.Rollout!, revision, cancellationToken).ConfigureAwait(false) : null;

        // Whoever reads that nobody runs it may take it over at once.
        var isFree = !isLost && await key.GiveBackAsync().ConfigureAwait(false);
        Show(isFree ? end with { Runner = null } : end, state);
        Console.Error.WriteLine($"kamrpc: {RolloutEnd.Of(end, isMine, isLost, isFree, state)}");
        return isMine && end.Rollout is { Phase: RolloutPhase.Done } && end.Rollout.Restart is not { Lost.Count: > 0 } && state is not { IsApplied: false } ? ExitCode.Done : ExitCode.NotDone;

        void Tell(string text) => Console.Error.WriteLine($"kamrpc: set {Ages.Number(begun.View.Set)}: {text}");
    }

    /// <summary>Waits for what was written where somebody else runs it, or nobody has to any more.</summary>
    private async Task<int> AppliedAsync(RolloutOutcome outcome, CancellationToken cancellationToken)
    {
        _isWritten = true;
        _applied.Note(outcome.Recorded);
        var state = outcome.Target is { } target ? await _applied.WaitAsync(target, cancellationToken).ConfigureAwait(false) : null;
        Show(await _rollouts.ReadAsync(outcome.View.Set, cancellationToken).ConfigureAwait(false), state);
        if (state is { IsApplied: false })
        {
            Console.Error.WriteLine($"kamrpc: written, and not applied by every proxy within {DurationText.Of(_ask.Timeout)}: missing {RolloutApplied.MissingOf(state)}; it stays written, and is applied when they can");
            return ExitCode.NotDone;
        }

        return ExitCode.Done;
    }

    private void Show(RolloutView view, AppliedState? state = null)
    {
        var answer = new RolloutAnswer(view.Rollout is null && view.Error is null ? [] : [new RolloutShown(view, state)], TimeProvider.System.GetUtcNow());
        Console.Out.Write(Answer.In(_ask.Format, answer.ToJson, () => answer.ToText(Layout.OfOutput())));
    }

    /// <summary>What is written of something that came to no end; nothing of what only reads.</summary>
    private string Written() => (_ask.Start is null && _ask.Change is null && !_ask.IsBack) || _ask.IsDryRun ? string.Empty
        : _isWritten || _control.IsInDoubt ? "; whether something was written is told by 'kamrpc rollout status'"
        : "; nothing was written";

    private static int Refuse(RolloutOutcome outcome)
    {
        foreach (var reason in outcome.Reasons)
        {
            Console.Error.WriteLine($"kamrpc: {(outcome.Result is RolloutResult.Refused or RolloutResult.NotSafe or RolloutResult.Taken ? "refused: " : string.Empty)}{reason}");
        }

        Console.Error.WriteLine($"kamrpc: nothing was written{(outcome.Result == RolloutResult.NotSafe ? "; --force does it nevertheless" : string.Empty)}");
        return outcome.Result switch
        {
            RolloutResult.Unknown => ExitCode.Usage,
            RolloutResult.KeepsChanging => ExitCode.NotDone,
            _ => ExitCode.Refused,
        };
    }
}
