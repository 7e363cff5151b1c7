using KamailioRpc;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Carries out what an operator asks for: writes it, waits for the proxies, and says what came of it.</summary>
internal static class OperatorRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(OperatorRequest request, CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(request.Etcd, TimeProvider.System);
        var keys = new EtcdKeys(request.Cluster);
        var writer = new IntentWriter(store, keys, TimeProvider.System);
        using var logs = Logs.Create(LogLevel.Error);
        var waits = request.Timeout is not null && !request.Command.IsDryRun;
        return await WrittenChange.RunAsync(
            store,
            keys,
            waits,
            async (wait, history) =>
            {
                var idle = waits && request.IdleTimeout is not null ? await IdleWait.OpenAsync(store, keys, TimeProvider.System, logs.CreateLogger<IdleWait>(), cancellationToken).ConfigureAwait(false) : null;
                try
                {
                    var written = await writer.WriteAsync(request.Command, cancellationToken).ConfigureAwait(false);
                    return TellNotWritten(request, written) ?? await WaitAsync(request, written, wait, idle, history, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    if (idle is not null)
                    {
                        await idle.DisposeAsync().ConfigureAwait(false);
                    }
                }
            },
            () => Written(request, writer),
            $"readwrite on the prefixes {keys.Intents} and {keys.History}, and read on {keys.Members} and {keys.Proxies}{(request.IdleTimeout is null ? string.Empty : $", and for --until-idle on {keys.Calls}")}",
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is written of something that came to no end.</summary>
    private static string Written(OperatorRequest request, IntentWriter writer)
    {
        var some = writer.Written > 0 ? $"{OperatorAnswer.Count(request.Command, writer.Written)} of many {(writer.Written == 1 ? "was" : "were")} {Done(request.Command)}, and stay{(writer.Written == 1 ? "s" : string.Empty)} so" : null;
        return writer.IsInDoubt ? $"{(some is null ? "whether something is written" : $"{some}; whether more is written")} is not known, and asking again does no harm" : some ?? "nothing was written";
    }

    private static string Done(IntentCommand command) => command.Wish switch { IntentWish.Drain => "drained", IntentWish.Resume => "resumed", _ => "weighed" };

    /// <summary>Null where everything was, or would be, written.</summary>
    private static int? TellNotWritten(OperatorRequest request, IntentOutcome outcome)
    {
        foreach (var warning in outcome.Warnings.Concat(outcome.Unjudged))
        {
            Console.Error.WriteLine($"kamrpc: warning: {warning}");
        }

        foreach (var reason in outcome.Reasons)
        {
            Console.Error.WriteLine($"kamrpc: {(IsRefusal(outcome.Result) ? "refused: " : string.Empty)}{reason}");
        }

        if (outcome.Result is IntentResult.Written or IntentResult.Planned)
        {
            return null;
        }

        Console.Error.WriteLine(outcome.Changed.Count > 0
            ? $"kamrpc: before that {OperatorAnswer.Count(request.Command, outcome.Changed.Count)} of many {(outcome.Changed.Count == 1 ? "was" : "were")} {Done(request.Command)}, and stay{(outcome.Changed.Count == 1 ? "s" : string.Empty)} so"
            : $"kamrpc: nothing was written{outcome.Result switch { IntentResult.BelowFloor => "; --force drains nevertheless", IntentResult.GivenByOthers => "; --force resumes nevertheless", _ => string.Empty }}");
        return outcome.Result switch
        {
            IntentResult.Unknown => ExitCode.Usage,
            var result when IsRefusal(result) => ExitCode.Refused,
            _ => ExitCode.NotDone,
        };
    }

    private static bool IsRefusal(IntentResult result) => result is IntentResult.BelowFloor or IntentResult.GivenByOthers or IntentResult.NoRoom or IntentResult.Unrecorded or IntentResult.Unreadable;

    private static async Task<int> WaitAsync(OperatorRequest request, IntentOutcome written, AppliedWait? wait, IdleWait? idle, AppliedHistory history, CancellationToken cancellationToken)
    {
        AppliedState? state = null;
        IdleState? calls = null;
        string? ended = null;
        if (wait is not null && written.Revision is { } revision)
        {
            var target = AppliedTarget.Of(request.Command.Wish, revision, written.Changed.Concat(written.Unchanged).Where(static change => change.Revision > 0).Select(static change => change.Subject));
            (state, ended) = await WaitAsync(request.Timeout!.Value, wait, target, cancellationToken).ConfigureAwait(false);
        }

        await history.NoteAsync(written.Recorded, state).ConfigureAwait(false);
        if (idle is not null && state is { IsApplied: true })
        {
            (calls, ended) = await IdleRun.WaitAsync(idle, [.. written.Changed.Concat(written.Unchanged).Select(static change => change.Key)], request.IdleTimeout!.Value, cancellationToken).ConfigureAwait(false);
        }

        var answer = new OperatorAnswer(request.Command, written, state) { Calls = calls };
        Console.Out.Write(Answer.In(request.Format, answer.ToJson, answer.ToString));
        if (written.Result == IntentResult.Planned)
        {
            return written.Changed.Count > 0 ? ExitCode.Changes : ExitCode.Done;
        }

        if (calls is { IsIdle: false })
        {
            IdleRun.TellNotIdle(calls, ended!, Back(request));
            return ExitCode.NotDone;
        }

        if (state is null or { IsApplied: true })
        {
            return (written.IsUntraced && wait is not null) || (request.Command.Wish != IntentWish.Resume && written.Unjudged.Count > 0) ? ExitCode.NotDone : ExitCode.Done;
        }

        Console.Error.WriteLine($"kamrpc: {WaitTeller.NotApplied(state, ended!, Back(request))}");
        if (idle is not null)
        {
            Console.Error.WriteLine("kamrpc: whether calls are up is not waited for, as new ones may still come");
        }

        return ExitCode.NotDone;
    }

    /// <summary>What takes it back for who asked: <c>'kamrpc resume' takes it back</c>.</summary>
    private static string Back(OperatorRequest request)
    {
        var command = $"kamrpc {(request.Command.Selection is ProxySelection ? "proxy " : string.Empty)}{request.Command.Wish switch { IntentWish.Drain => "resume", IntentWish.Resume => "drain", _ => "weight --reset" }}";
        return $"'{command}'{(request is { SaysWho: true, Command.Wish: IntentWish.Drain } ? " with the same --as" : string.Empty)} takes it back";
    }

    /// <summary>How the proxies are with it in the end, and what ended the waiting where it is not done.</summary>
    internal static async Task<(AppliedState State, string Ended)> WaitAsync(TimeSpan timeout, AppliedWait wait, AppliedTarget target, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(timeout);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var teller = new WaitTeller(Console.Error.WriteLine, TimeProvider.System);
        await using (teller.ConfigureAwait(false))
        {
            teller.Start();
            try
            {
                return (await wait.UntilAppliedAsync(target, teller.Saw, waiting.Token).ConfigureAwait(false), string.Empty);
            }
            catch (OperationCanceledException) when (waiting.IsCancellationRequested)
            {
                return (wait.StateOf(target), cancellationToken.IsCancellationRequested ? "the waiting was ended, not the change" : $"not applied within {DurationText.Of(timeout)}");
            }
        }
    }
}
