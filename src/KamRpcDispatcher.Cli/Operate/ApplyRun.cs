using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Declared;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Carries out what a file declares: shows the plan, writes it, waits for the proxies, and says what came of it.</summary>
internal static class ApplyRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(ApplyRequest request, CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(request.Etcd, TimeProvider.System);
        var keys = new EtcdKeys(request.Cluster);
        var writer = new SiteWriter(store, keys, TimeProvider.System);
        return await WrittenChange.RunAsync(
            store,
            keys,
            request.Timeout is not null && !request.Command.IsDryRun,
            async (wait, history) =>
            {
                var outcome = await writer.WriteAsync(request.Command, planned => TellPlan(request, planned), cancellationToken).ConfigureAwait(false);
                return TellNotWritten(request, outcome) ?? await WaitAsync(request, outcome, wait, history, cancellationToken).ConfigureAwait(false);
            },
            () => WrittenChange.Written(writer.IsInDoubt),
            $"readwrite on the prefixes {keys.Intents}, {keys.Splits} and {keys.History}, and read on {keys.Members}, {keys.Proxies} and {keys.Rollouts}",
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Programs get one answer, at the end.</summary>
    private static void TellPlan(ApplyRequest request, SiteOutcome planned)
    {
        if (request.Format == OutputFormat.Table)
        {
            Console.Out.Write(new ApplyAnswer(request.Command, planned, null).ToPlan(Layout.OfOutput()));
            Console.Out.Flush();
        }
    }

    /// <summary>Null where it is, or would be, as declared.</summary>
    private static int? TellNotWritten(ApplyRequest request, SiteOutcome outcome)
    {
        foreach (var warning in outcome.Warnings.Concat(outcome.Kept))
        {
            Console.Error.WriteLine($"kamrpc: warning: {warning}");
        }

        foreach (var reason in outcome.Reasons)
        {
            Console.Error.WriteLine($"kamrpc: {(outcome.Result is SiteResult.Refused or SiteResult.Unrecorded ? "refused: " : outcome.Result == SiteResult.Unknown ? $"{request.File}: " : string.Empty)}{reason}");
        }

        if (outcome.Result is SiteResult.Written or SiteResult.Unchanged or SiteResult.Planned)
        {
            return null;
        }

        Console.Error.WriteLine($"kamrpc: nothing was written{(outcome.IsForceable ? "; --force writes it nevertheless" : string.Empty)}");
        return outcome.Result switch
        {
            SiteResult.Unknown => ExitCode.Usage,
            SiteResult.Refused or SiteResult.Unrecorded => ExitCode.Refused,
            _ => ExitCode.NotDone,
        };
    }

    private static Task<int> WaitAsync(ApplyRequest request, SiteOutcome outcome, AppliedWait? wait, AppliedHistory history, CancellationToken cancellationToken) => WrittenChange.EndAsync(
        wait,
        request.Timeout,
        outcome.Target,
        history,
        outcome.Recorded,
        state =>
        {
            var answer = new ApplyAnswer(request.Command, outcome, state);
            Console.Out.Write(Answer.In(request.Format, answer.ToJson, answer.ToString));
        },
        outcome.Result == SiteResult.Planned ? ExitCode.Changes : outcome is { Result: SiteResult.Written, Revision: null } && wait is not null ? ExitCode.NotDone : ExitCode.Done,
        cancellationToken);
}
