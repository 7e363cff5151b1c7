using Grpc.Core;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Declared;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging;

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
        using var logs = Logs.Create(LogLevel.Error);
        AppliedWait? wait = null;
        try
        {
            if (request.Timeout is not null && !request.Command.IsDryRun)
            {
                wait = await AppliedWait.OpenAsync(store, keys, TimeProvider.System, logs.CreateLogger<AppliedWait>(), cancellationToken).ConfigureAwait(false);
            }

            var outcome = await writer.WriteAsync(request.Command, planned => TellPlan(request, planned), cancellationToken).ConfigureAwait(false);
            var history = new AppliedHistory(new HistoryStore(store, keys, TimeProvider.System), TimeProvider.System);
            return TellNotWritten(request, outcome) ?? await WaitAsync(request, outcome, wait, history, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}; {Written(writer)}");
            if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
            {
                Console.Error.WriteLine($"kamrpc: its role needs readwrite on the prefixes {keys.Intents}, {keys.Splits} and {keys.History}, and read on {keys.Members}, {keys.Proxies} and {keys.Rollouts}");
            }

            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine($"kamrpc: ended; {Written(writer)}");
            return ExitCode.NotDone;
        }
        finally
        {
            if (wait is not null)
            {
                await wait.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>What is written of something that came to no end.</summary>
    private static string Written(SiteWriter writer) => writer.IsInDoubt ? "whether it is written is not known, and asking again does no harm" : "nothing was written";

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

    private static async Task<int> WaitAsync(ApplyRequest request, SiteOutcome outcome, AppliedWait? wait, AppliedHistory history, CancellationToken cancellationToken)
    {
        AppliedState? state = null;
        string? ended = null;
        if (wait is not null && outcome.Target is { } target)
        {
            (state, ended) = await OperatorRun.WaitAsync(request.Timeout!.Value, wait, target, cancellationToken).ConfigureAwait(false);
        }

        await history.NoteAsync(outcome.Recorded, state).ConfigureAwait(false);
        var answer = new ApplyAnswer(request.Command, outcome, state);
        Console.Out.Write(Answer.In(request.Format, answer.ToJson, answer.ToString));
        if (outcome.Result == SiteResult.Planned)
        {
            return ExitCode.Changes;
        }

        if (state is null or { IsApplied: true })
        {
            return outcome is { Result: SiteResult.Written, Revision: null } && wait is not null ? ExitCode.NotDone : ExitCode.Done;
        }

        Console.Error.WriteLine($"kamrpc: {WaitTeller.NotApplied(state, ended!)}");
        return ExitCode.NotDone;
    }
}
