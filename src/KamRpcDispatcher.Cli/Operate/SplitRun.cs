using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Carries out what an operator asks for of a set: writes it, waits for the proxies, and says what came of it.</summary>
internal static class SplitRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(SplitRequest request, CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(request.Etcd, TimeProvider.System);
        var keys = new EtcdKeys(request.Cluster);
        var writer = new SplitWriter(store, keys, TimeProvider.System);
        return await WrittenChange.RunAsync(
            store,
            keys,
            request.Timeout is not null && !request.Command.IsDryRun,
            async (wait, history) =>
            {
                var outcome = await writer.WriteAsync(request.Command, cancellationToken).ConfigureAwait(false);
                return TellNotWritten(outcome) ?? await WaitAsync(request, outcome, wait, history, cancellationToken).ConfigureAwait(false);
            },
            () => WrittenChange.Written(writer.IsInDoubt),
            $"readwrite on the prefixes {keys.Splits} and {keys.History}, and read on {keys.Members}, {keys.Intents} and {keys.Proxies}",
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Null where it is, or would be, as asked for.</summary>
    private static int? TellNotWritten(SplitOutcome outcome)
    {
        foreach (var warning in outcome.Warnings)
        {
            Console.Error.WriteLine($"kamrpc: warning: {warning}");
        }

        foreach (var reason in outcome.Reasons)
        {
            Console.Error.WriteLine($"kamrpc: {(outcome.Result is SplitResult.Refused or SplitResult.Unrecorded ? "refused: " : string.Empty)}{reason}");
        }

        if (outcome.IsDone)
        {
            return null;
        }

        Console.Error.WriteLine($"kamrpc: nothing was written{(outcome.Result == SplitResult.Refused ? "; --force writes it nevertheless" : string.Empty)}");
        return outcome.Result switch
        {
            SplitResult.Unknown => ExitCode.Usage,
            SplitResult.Refused or SplitResult.Unrecorded => ExitCode.Refused,
            _ => ExitCode.NotDone,
        };
    }

    private static Task<int> WaitAsync(SplitRequest request, SplitOutcome outcome, AppliedWait? wait, AppliedHistory history, CancellationToken cancellationToken) => WrittenChange.EndAsync(
        wait,
        request.Timeout,
        outcome.Revision is { } revision ? AppliedTarget.OfSplit(request.Command.Set, revision) : null,
        history,
        outcome.Recorded,
        state =>
        {
            var answer = new SplitAnswer(request.Command, outcome, state);
            Console.Out.Write(Answer.In(request.Format, answer.ToJson, answer.ToString));
        },
        outcome.Result == SplitResult.Planned ? ExitCode.Changes : outcome.IsForNobody || (outcome is { Result: SplitResult.Written, Revision: null } && wait is not null) ? ExitCode.NotDone : ExitCode.Done,
        cancellationToken);
}
