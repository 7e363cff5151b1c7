using System.CommandLine;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc explain NAME</c>: one member from its record to each proxy's list, and why it gets calls or not.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The member's name." };
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to look in (repeatable). [default: every set]", OptionGroup.Subject);

    private static readonly Option<string?> Proxy = CommonOptions.Text("--proxy", "Which dispatcher to ask, where several without etcd run on this machine.", OptionGroup.Subject);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("explain", "Explains one member, and why it gets calls or not.", new CommandHelp(
            CommandGroup.Inspect,
            ["kamrpc explain asterisk-1 --etcd http://10.0.0.5:2379", "kamrpc explain asterisk-1 --etcd http://10.0.0.5:2379 --set 1"],
            (ExitCode.Done, "it gets calls everywhere it should, and nowhere else"),
            (ExitCode.NotDone, "it does not, or that is not known, also of one who may have left, or is kept in a PANIC"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses; nor does a dispatcher here that uses none")))
        {
            Name, Set, Proxy, OutputOption.Output, CommonOptions.Cluster,
        };
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddReplyDirectory(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var name = options.Text(Name);
        var proxy = options.Value<string>(Proxy, null, CommonOptions.Name);
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var sets = CommonOptions.Sets(options, Set);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        var directories = KamailioOptions.DispatcherDirectories(options);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdConnection(etcd!, TimeProvider.System);
        var keys = new EtcdKeys(cluster!);
        try
        {
            var (local, unclear) = await LocalDispatch.FindAsync(options, directories, cluster!, proxy is null ? [] : [proxy], cancellationToken).ConfigureAwait(false);
            if (unclear is not null)
            {
                Console.Error.WriteLine($"kamrpc: {unclear}");
                return ExitCode.Unreachable;
            }

            var reader = new StatusReader(local ?? new ClusterReader(store, keys, TimeProvider.System), StatusOptions.Default with { Sets = sets }, TimeProvider.System);
            var calls = await reader.ReadSettledAsync(Console.Error.WriteLine, cancellationToken).ConfigureAwait(false);
            var explained = MemberExplanation.Of(name!, calls, keys);
            explained.RemoveAll(member => sets?.Contains(member.Key.Set) == false);
            if (explained.Count == 0)
            {
                return Nobody(name!, calls, cluster!);
            }

            for (var index = 0; index < explained.Count; index++)
            {
                explained[index] = await explained[index].WithLeaseAsync(new LeaseReader(store), cancellationToken).ConfigureAwait(false);
            }

            Console.Out.Write(Answer.In(
                format,
                () => JsonText.Write(writer => JsonText.WriteArray(writer, "members", explained, static (json, member) => member.Write(json))),
                () => string.Join('\n', explained.Select(static member => member.ToText(Layout.OfOutput())))));
            return explained.TrueForAll(static member => member.Verdict.IsAsItShouldBe) ? ExitCode.Done : ExitCode.NotDone;
        }
        catch (ClusterUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }

    private static int Nobody(string name, ClusterCalls calls, string cluster)
    {
        List<string> known = [.. calls.Sets.SelectMany(static set => set.Members.Concat(set.Departed)).Select(static member => member.Key.Name).Distinct().Order(StringComparer.Ordinal)];
        if (calls.Untold is { } untold)
        {
            Console.Error.WriteLine($"kamrpc: whether cluster {cluster} has one of the name '{SafeText.Shorten(name, MemberValidation.MaxNameLength)}' is not known: {untold}");
            return ExitCode.NotDone;
        }

        var near = Suggestion.For(name, known);
        var hint = near is not null ? $"; did you mean {SafeText.Shorten(near, 256)}?"
            : known.Count == 0 ? "; nobody is announced there"
            : $"; 'kamrpc status --all' lists the {Ages.Count(known.Count, "name")} that there are";

        // Who has left is nowhere but in Kamailio's list: a proxy that does not tell of that may still send him calls.
        List<ProxyLens> silent = [.. calls.Proxies.Where(static lens => !lens.HasForgotten)];
        var left = silent.Count == 0 ? ", nor has left lately" : string.Empty;
        Console.Error.WriteLine($"kamrpc: nobody of cluster {cluster} has the name '{SafeText.Shorten(name, MemberValidation.MaxNameLength)}'{left}{hint}");
        foreach (var same in silent.GroupBy(static lens => lens.KindOfDoubt ?? (lens.Lag.Records > 0 ? "it does not follow the members" : "its report does not name everybody who has left")))
        {
            Console.Error.WriteLine($"kamrpc: whether somebody of that name has left and still gets calls is not known on {ProxyNames.Of(same)}: {same.First().WhyUnknown ?? same.Key}");
        }

        // Who comes from elsewhere is not in etcd.
        List<string> elsewhere = [.. ElsewhereFindings.Lines(calls)];
        foreach (var line in elsewhere)
        {
            Console.Error.WriteLine($"kamrpc: {line}");
        }

        // Whom an operator has drained there is, though nobody announces it: the drain is in force when it comes back.
        List<Intent> drained = [.. calls.Cluster.IntentsNotAnnounced.Select(static stored => stored.Intent).Where(intent => intent.IsDrained && intent.Key.Name == name)];
        foreach (var intent in drained)
        {
            Console.Error.WriteLine(FormattableString.Invariant(
                $"kamrpc: it is {IntentText.Drained(intent, calls.Now)} in set {intent.Key.Set}, which is in force when it is announced{(ElsewhereFindings.SourcesOf(intent.Key.Set, calls).Count > 0 ? ", and for a member of that name that comes from elsewhere" : string.Empty)}; {IntentText.Resume(intent.Key.Set, [name])}"));
        }

        return silent.Count == 0 && drained.Count == 0 && elsewhere.Count == 0 ? ExitCode.Usage : ExitCode.NotDone;
    }
}
