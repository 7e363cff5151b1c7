using Grpc.Core;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary><c>kamrpc split SET</c> without shares: how the calls of the set are shared now, as wanted and as counted.</summary>
internal static class SharesRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(SplitRequest request, CancellationToken cancellationToken)
    {
        var set = request.Command.Set;
        using var store = new EtcdConnection(request.Etcd, TimeProvider.System);
        var keys = new EtcdKeys(request.Cluster);
        try
        {
            var options = StatusOptions.Default with { Sets = new HashSet<int> { set } };
            var calls = await new StatusReader(new ClusterReader(store, keys, TimeProvider.System), options, TimeProvider.System).ReadSettledAsync(Console.Error.WriteLine, cancellationToken).ConfigureAwait(false);
            var (split, error) = await new SplitWriter(store, keys, TimeProvider.System).ReadSplitAsync(set, cancellationToken).ConfigureAwait(false);
            var elsewhere = ElsewhereFindings.SourcesOf(set, calls);
            if (calls.Cluster.Members.Count == 0 && elsewhere.Count == 0 && split is null && error is null)
            {
                Console.Error.WriteLine($"kamrpc: set {Ages.Number(set)} has no member, and is not split; {SetText.There(calls.AnnouncedSets)}");
                return ExitCode.Usage;
            }

            var shared = new SharedCalls(calls.Proxies, calls.Now);
            Console.Out.Write(Answer.In(
                request.Format,
                () => JsonText.Write(writer =>
                {
                    writer.WriteNumber("set", set);
                    writer.WriteString("split", split is null ? null : SplitRecord.Text(split));
                    writer.WriteString("unreadable", error);
                    shared.Write(writer, "shares");
                }),
                () =>
                {
                    var layout = Layout.OfOutput();
                    var sentence = error is not null ? $"The split of set {Ages.Number(set)} cannot be read, and proxies go on by the last one that they could read: {SafeText.Shorten(error)}. 'kamrpc split' writes another one, and --clear ends it."
                        : split is null ? $"Set {Ages.Number(set)} is not split."
                        : $"Set {Ages.Number(set)} is split, {SafeText.Shorten(SplitRecord.Text(split), 512)}{(split.By.Length == 0 ? string.Empty : $", by {SafeText.Shorten(split.By)}")}.{(IsFollowed(split, calls.Cluster.Members) ? string.Empty : elsewhere.Count > 0 ? $" Whether anybody has a value with a share is not seen here: {string.Join("; ", elsewhere)}." : $" It is {SplitAnswer.NotFollowed}.")}";
                    var none = calls.Proxies.Count == 0 ? "No proxy reports: how one shares its calls whose dispatcher does not run is not known."
                        : $"Of the proxies that report ({ProxyNames.Of(calls.Proxies)}) none shares its calls otherwise than evenly; one whose dispatcher does not run goes on as it did last.";
                    return TextLines.Behind(string.Empty, sentence + (shared.Count == 0 ? " " + none : string.Empty), layout.Width) + (shared.Count > 0 ? shared.Table(layout).ToString() : string.Empty);
                }));
            return error is null ? ExitCode.Done : ExitCode.NotDone;
        }
        catch (EtcdUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}");
            if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
            {
                Console.Error.WriteLine($"kamrpc: its role needs read on the prefixes {keys.Members}, {keys.Proxies}, {keys.Intents} and {keys.Splits}");
            }

            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }

    private static bool IsFollowed(Split split, IReadOnlyList<AnnouncedMember> members) =>
        members.Any(announced => announced.Member.Key.Set == split.Set && announced.Effective == MemberState.Ready && split.ValueOf(announced.Member) is not null);
}
