using Grpc.Core;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>The frame of every command that writes what an operator wishes, and waits until the proxies have it.</summary>
internal static class WrittenChange
{
    /// <summary>Begins to follow the proxies, before anything is written; does it; and says how it stands where it came to no end.</summary>
    /// <param name="store">The connection.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="waits">Whether proxies are waited for.</param>
    /// <param name="run">Writes and waits; its answer is the exit code.</param>
    /// <param name="written">What is written of something that came to no end.</param>
    /// <param name="rights">What the user's role needs, for one that may not.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(
        EtcdConnection store, EtcdKeys keys, bool waits, Func<AppliedWait?, AppliedHistory, Task<int>> run, Func<string> written, string rights, CancellationToken cancellationToken)
    {
        using var logs = Logs.Create(LogLevel.Error);
        AppliedWait? wait = null;
        try
        {
            wait = waits ? await AppliedWait.OpenAsync(store, keys, TimeProvider.System, logs.CreateLogger<AppliedWait>(), cancellationToken).ConfigureAwait(false) : null;
            return await run(wait, new AppliedHistory(new HistoryStore(store, keys, TimeProvider.System), TimeProvider.System)).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}; {written()}");
            if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
            {
                Console.Error.WriteLine($"kamrpc: its role needs {rights}");
            }

            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine($"kamrpc: ended; {written()}");
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

    /// <summary>Waits until the proxies have what was written, and tells how they are with it in the end.</summary>
    /// <param name="wait">Follows the proxies; null where nobody waits for them.</param>
    /// <param name="timeout">How long it is waited.</param>
    /// <param name="target">What they have to have applied; null where nobody knows that, or nothing is written.</param>
    /// <param name="history">Gets who has it.</param>
    /// <param name="recorded">The change's entries.</param>
    /// <param name="tell">Writes the answer.</param>
    /// <param name="exitCode">The exit code where none of them is missing.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<int> EndAsync(
        AppliedWait? wait, TimeSpan? timeout, AppliedTarget? target, AppliedHistory history, IReadOnlyList<RecordedChange> recorded, Action<AppliedState?> tell, int exitCode, CancellationToken cancellationToken)
    {
        var (state, ended) = wait is not null && target is not null ? await OperatorRun.WaitAsync(timeout!.Value, wait, target, cancellationToken).ConfigureAwait(false) : ((AppliedState?)null, string.Empty);
        await history.NoteAsync(recorded, state).ConfigureAwait(false);
        tell(state);
        if (state is null or { IsApplied: true })
        {
            return exitCode;
        }

        Console.Error.WriteLine($"kamrpc: {WaitTeller.NotApplied(state, ended)}");
        return ExitCode.NotDone;
    }

    /// <summary>What is written of one transaction that came to no end.</summary>
    public static string Written(bool isInDoubt) => isInDoubt ? "whether it is written is not known, and asking again does no harm" : "nothing was written";
}
