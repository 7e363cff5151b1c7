using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary><c>kamrpc dispatch --dry-run</c> and <c>kamrpc plan</c>.</summary>
internal static class DispatchDryRun
{
    /// <summary>Reads both sides, and says what would be changed.</summary>
    /// <param name="kamailio">Where Kamailio is.</param>
    /// <param name="rpc">How it is called.</param>
    /// <param name="options">Those of the dispatcher, for the Kamailio that is found.</param>
    /// <param name="format">How it is said.</param>
    /// <param name="text">How it is said to people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(KamailioTarget kamailio, RpcClientOptions rpc, Func<KamailioAddress, DispatcherOptions> options, OutputFormat format, Func<DryRunAnswer, Layout, string> text, CancellationToken cancellationToken)
    {
        using var replies = new MadeDirectory(rpc.ReplyDirectory);
        try
        {
            var (address, failures) = await kamailio.FindAsync(rpc, cancellationToken).ConfigureAwait(false);
            if (address is null)
            {
                Console.Error.WriteLine($"kamrpc: no Kamailio answers at the usual sockets: {string.Join("; ", failures)}");
                return ExitCode.Unreachable;
            }

            var result = await new DryRun(options(address), TimeProvider.System, NullLoggerFactory.Instance).RunAsync(cancellationToken).ConfigureAwait(false);
            if (result.MayNotReadIntents)
            {
                Console.Error.WriteLine("kamrpc: warning: etcd does not let operators' wishes be read (permission denied), so that whom they drain is not known here");
            }

            var answer = new DryRunAnswer(result);
            Console.Out.Write(Answer.In(format, answer.ToJson, () => text(answer, Layout.OfOutput())));
            return answer.IsEmpty ? ExitCode.Done : ExitCode.Changes;
        }
        catch (Exception exception) when (exception is KamailioRpcException or EtcdUnreachableException or OriginUnreadableException or NotSupportedException)
        {
            Console.Error.WriteLine($"kamrpc: {exception.Message}");
            return exception switch
            {
                KamailioRpcException failure => ExitCode.Of(failure),
                NotSupportedException => ExitCode.NotDone,
                _ => ExitCode.Unreachable,
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }
}
