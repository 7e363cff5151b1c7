using System.Net;
using KamailioRpc;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>
/// Finds the dispatcher on this machine whose members do not all come from etcd (<c>--source</c>): it tells who they are. One that uses no etcd tells all that etcd would, and what is
/// written to etcd it does not follow.
/// </summary>
internal static class LocalDispatch
{
    private const int MostNamed = 5;
    private const string Page = "page";

    /// <summary>Whom to ask for the cluster in place of etcd; nobody where somebody says where an etcd is.</summary>
    /// <param name="options">The options: without <c>--etcd</c>.</param>
    /// <param name="directories">Where it may answer.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="proxies">Which may be asked; empty for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null for nobody; an error where it is not clear who.</returns>
    public static async Task<(IClusterReader? Reader, string? Error)> FindAsync(OptionReader options, IReadOnlyList<string> directories, string cluster, IReadOnlyCollection<string> proxies, CancellationToken cancellationToken)
    {
        var (found, failures) = await SearchAsync(options, directories, cluster, proxies, cancellationToken).ConfigureAwait(false);
        found = [.. found.Where(one => proxies.Count == 0 || proxies.Contains(one.Answer.Proxy))];
        return WithoutEtcd(found) switch
        {
            [var only] => (new LocalClusterReader(only.Path), null),

            // Of those that use etcd too it has what they report.
            [] when found.Count > 0 => (found is [var mixed] ? new LocalClusterReader(mixed.Path) : null, null),
            [] => (null, failures.Count > 0 && !EtcdOptionSet.IsGiven(options) ? failures[0] : null),
            var several => (null, $"several dispatchers without etcd answer here, each with its own members: {Names(several)}; name one by --proxy"),
        };
    }

    /// <summary>
    /// Why a command that writes what operators wish, reads who did, or shows what etcd has cannot do that: the dispatcher here uses no etcd, and nobody says where another one's is. Null where it can.
    /// </summary>
    public static async Task<string?> WhyRefusedAsync(CliCommand command, OptionReader options, CancellationToken cancellationToken)
    {
        if (!NeedsEtcd(command) || EtcdOptionSet.IsGiven(options) || options.Value(CommonOptions.Cluster) is not { } cluster)
        {
            return null;
        }

        var found = WithoutEtcd((await SearchAsync(options, KamailioOptions.DispatcherDirectories(options), cluster, [], cancellationToken).ConfigureAwait(false)).Found);
        return found.Count == 0 ? null
            : command.Name == Page ? $"the dispatcher here ({Names(found)}) uses no etcd, which this page shows: its own page is at the address of its --metrics; or name the etcd of others by --etcd"
            : $"the dispatcher here ({Names(found)}) uses no etcd, in which what operators wish is kept: its members come from {found[0].Answer.Names}, and it follows no drain, weight, split or rollout. "
                + $"Say it there ({Ways(found[0].Answer)}), or name the etcd of others by --etcd";
    }

    /// <summary>
    /// What to say behind a command that asks etcd, and has found none where nobody said where one is: a dispatcher without it may be here all the same, or one that this user may not ask. Null
    /// for nothing.
    /// </summary>
    public static async Task<string?> HintAsync(CliCommand command, OptionReader options, int exitCode, CancellationToken cancellationToken)
    {
        if (exitCode != ExitCode.Unreachable || !(NeedsEtcd(command) || command.Name is "status" or "explain") || EtcdOptionSet.IsGiven(options) || options.Value(CommonOptions.Cluster) is not { } cluster)
        {
            return null;
        }

        var directories = KamailioOptions.DispatcherDirectories(options);
        var (found, failures) = await SearchAsync(options, directories, cluster, [], cancellationToken).ConfigureAwait(false);
        var isTold = WithoutEtcd(found).Count > 0 || (failures.Count > 0 && !NeedsEtcd(command));
        return isTold ? null
            : failures.Count > 0 ? failures[0]
            : $"--etcd names the etcd; a dispatcher that uses none did not answer here either, in {string.Join(", ", directories)} ({(NeedsEtcd(command) ? "KAMRPC_REPLY_DIR" : "--reply-dir")} names another place)";
    }

    /// <summary>Why nobody can plan by etcd: the dispatcher here uses none, and nobody says where another one's is. Null where that is not so.</summary>
    public static async Task<string?> WhyNotPlannedAsync(OptionReader options, string cluster, CancellationToken cancellationToken) =>
        WithoutEtcd((await SearchAsync(options, KamailioOptions.DispatcherDirectories(options), cluster, [], cancellationToken).ConfigureAwait(false)).Found) is not { Count: > 0 } found ? null
            : $"the dispatcher here ({Names(found)}) uses no etcd: its members come from {found[0].Answer.Names}. Give --source as it has it, and what it would change now is planned by that; or --etcd, for one that uses etcd";

    /// <summary>What those answer here whose members do not all come from etcd, whether somebody says where an etcd is or not.</summary>
    /// <returns>The answers; and who of them uses no etcd, where nobody says where one is: null for nobody.</returns>
    public static async Task<(IReadOnlyList<WholeAnswer> Answers, string? WithoutEtcd)> AskAsync(OptionReader options, string cluster, CancellationToken cancellationToken)
    {
        var (found, _) = await SearchAsync(options, KamailioOptions.DispatcherDirectories(options), cluster, [], cancellationToken, isEtcdAskedToo: true).ConfigureAwait(false);
        return ([.. found.Select(static one => one.Answer)], !EtcdOptionSet.IsGiven(options) && WithoutEtcd(found) is { Count: > 0 } without ? Names(without) : null);
    }

    private static bool NeedsEtcd(CliCommand command) => command is { Help.Group: CommandGroup.Act } or { Name: "history" or Page };

    /// <summary>How what operators wish is said where members come from.</summary>
    private static string Ways(WholeAnswer answer) => string.Join("; ", answer.Sources.Select(static source => SourceText.IsKubernetes(source.Name)
        ? "of a pod: delete it, or change its labels so that the Service selects it no more" : "\"state\": \"draining\" in the file").Distinct());

    private static List<LocalDispatcher> WithoutEtcd(IReadOnlyList<LocalDispatcher> found) => [.. found.Where(static one => !one.Answer.UsesEtcd)];

    private static async Task<(IReadOnlyList<LocalDispatcher> Found, IReadOnlyList<string> Failures)> SearchAsync(OptionReader options, IReadOnlyList<string> directories, string cluster, IReadOnlyCollection<string> proxies, CancellationToken cancellationToken, bool isEtcdAskedToo = false)
    {
        var failures = new List<string>();
        if (EtcdOptionSet.IsGiven(options) && !isEtcdAskedToo)
        {
            return ([], failures);
        }

        // Who may not look into the directory finds the usual name in it.
        string[] names = [.. proxies, DispatcherOptions.DefaultProxy(KamailioAddress.Parse(KamailioAddress.Default), Dns.GetHostName())];
        var found = await WholeQuery.FindAsync(directories, cluster, names, failures, cancellationToken).ConfigureAwait(false);
        return (found, failures);
    }

    private static string Names(List<LocalDispatcher> found) =>
        string.Join(", ", found.Take(MostNamed).Select(static one => $"proxy {SafeText.Shorten(one.Answer.Proxy, MemberValidation.MaxNameLength)}")) + (found.Count > MostNamed ? " and others" : string.Empty);
}
