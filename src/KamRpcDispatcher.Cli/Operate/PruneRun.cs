using Grpc.Core;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Pruning;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Who says that it is deleted.</summary>
internal enum PruneConsent
{
    /// <summary>Nobody: it is only shown.</summary>
    No,

    /// <summary>Who gave the command.</summary>
    Yes,

    /// <summary>Who sits at the terminal, if anybody does.</summary>
    Ask,
}

/// <summary>What is to be pruned, and how that is told.</summary>
internal sealed record PruneRequest(EtcdOptions Etcd, string Cluster, PruneCommand Command, PruneConsent Consent, OutputFormat Format);

/// <summary>Shows what has lost its member or its set, and deletes it where somebody says so.</summary>
internal static class PruneRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(PruneRequest request, CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(request.Etcd, TimeProvider.System);
        var keys = new EtcdKeys(request.Cluster);
        var pruner = new Pruner(store, keys, TimeProvider.System);
        try
        {
            var orphans = await pruner.FindAsync(request.Command, cancellationToken).ConfigureAwait(false);
            foreach (var stranger in pruner.Strangers)
            {
                Console.Error.WriteLine($"kamrpc: warning: {stranger} is no key of kamrpc's, and is left");
            }

            var count = orphans.Count(static orphan => orphan.Kept is null);
            var isAsked = request.Consent == PruneConsent.Ask && count > 0 && Terminal.IsOutput && !Console.IsInputRedirected;
            if (isAsked)
            {
                Console.Error.Write(new PruneAnswer(orphans, null));
            }

            if (count == 0 || !(isAsked ? await AskAsync(count, cancellationToken).ConfigureAwait(false) : request.Consent == PruneConsent.Yes))
            {
                return Show(request, new PruneAnswer(orphans, null), isAsked, count);
            }

            var outcome = await pruner.DeleteAsync(request.Command, orphans, cancellationToken).ConfigureAwait(false);
            Console.Out.Write(Text(request, new PruneAnswer(orphans, outcome)));
            foreach (var reason in outcome.Reasons)
            {
                Console.Error.WriteLine($"kamrpc: {(outcome.Result == IntentResult.Unrecorded ? "refused: " : string.Empty)}{reason}; {(outcome.Deleted.Count == 0 ? "nothing was deleted" : "the rest was not deleted")}");
            }

            return outcome.Result switch
            {
                IntentResult.Written => ExitCode.Done,
                IntentResult.Unrecorded => ExitCode.Refused,
                _ => ExitCode.NotDone,
            };
        }
        catch (EtcdUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}; {Deleted(pruner)}");
            if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
            {
                Console.Error.WriteLine(
                    $"kamrpc: its role needs readwrite on the prefixes {string.Join(", ", keys.Intents, keys.Splits, keys.Classes, keys.Calls, keys.Rollouts)} and {keys.History}, and read on {keys.Members} and {keys.Proxies}");
            }

            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine($"kamrpc: ended; {Deleted(pruner)}");
            return ExitCode.NotDone;
        }
    }

    private static int Show(PruneRequest request, PruneAnswer answer, bool isAsked, int count)
    {
        if (isAsked)
        {
            Console.Error.WriteLine("kamrpc: nothing was deleted");
            return ExitCode.NotDone;
        }

        Console.Out.Write(Text(request, answer));
        if (count > 0 && request.Consent == PruneConsent.Ask)
        {
            Console.Error.WriteLine("kamrpc: nothing was deleted: nobody is there to be asked; --yes deletes it");
        }

        return count > 0 ? ExitCode.Changes : ExitCode.Done;
    }

    private static string Text(PruneRequest request, PruneAnswer answer) => Answer.In(request.Format, answer.ToJson, answer.ToString);

    private static async Task<bool> AskAsync(int count, CancellationToken cancellationToken)
    {
        Console.Error.Write($"Delete {(count == 1 ? "this record" : FormattableString.Invariant($"these {count} records"))}? [y/N] ");
        var answer = await Task.Run(Console.In.ReadLine, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        return answer?.Trim() is "y" or "Y" or "yes";
    }

    private static string Deleted(Pruner pruner) =>
        pruner.IsInDoubt ? $"{Ages.Count(pruner.Deleted, "record")} deleted, and whether more is not known: asking again does no harm"
        : pruner.Deleted > 0 ? $"{Ages.Count(pruner.Deleted, "record")} deleted"
        : "nothing was deleted";
}
