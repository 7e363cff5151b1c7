using System.CommandLine;
using System.Net;
using KamailioRpc;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>
/// Finds the dispatcher on this machine that uses no etcd (<c>--source</c>): it tells what else etcd would, and what is written to etcd it does not follow. Only where nobody says
/// where an etcd is.
/// </summary>
internal static class LocalDispatch
{
    private const int MostNamed = 5;

    /// <summary>Whom to ask for the cluster in place of etcd.</summary>
    /// <param name="options">The options: without <c>--etcd</c>.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="proxies">Which may be asked; empty for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null for nobody; an error where it is not clear who.</returns>
    public static async Task<(IClusterReader? Reader, string? Error)> FindAsync(OptionReader options, string cluster, IReadOnlyCollection<string> proxies, CancellationToken cancellationToken)
    {
        var (found, failures) = await SearchAsync(options, cluster, proxies, cancellationToken).ConfigureAwait(false);
        found = [.. found.Where(one => proxies.Count == 0 || proxies.Contains(one.Answer.Proxy))];
        return found switch
        {
            [var only] => (new LocalClusterReader(only.Path), null),
            [] => (null, failures.Count > 0 && !EtcdOptionSet.IsGiven(options) ? failures[0] : null),
            _ => (null, $"several dispatchers without etcd answer here, each with its own members: {Names(found)}; name one by --proxy"),
        };
    }

    /// <summary>Why a command that writes what operators wish, or reads who did, cannot do that: the dispatcher here uses no etcd, and nobody says where another one's is. Null where it can.</summary>
    public static async Task<string?> WhyRefusedAsync(CliCommand command, OptionReader options, CancellationToken cancellationToken)
    {
        if (command is not ({ Help.Group: CommandGroup.Act } or { Name: "history" }) || EtcdOptionSet.IsGiven(options) || options.Value(CommonOptions.Cluster) is not { } cluster)
        {
            return null;
        }

        var (found, _) = await SearchAsync(options, cluster, [], cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? null
            : $"the dispatcher here ({Names(found)}) uses no etcd, in which what operators wish is kept: its members come from {string.Join(", ", found[0].Answer.Sources.Select(static source => source.Name))}, and it follows no drain, weight, split or rollout. "
                + "Say it there (\"state\": \"draining\" in a file), or name the etcd of others by --etcd";
    }

    private static async Task<(IReadOnlyList<LocalDispatcher> Found, IReadOnlyList<string> Failures)> SearchAsync(OptionReader options, string cluster, IReadOnlyCollection<string> proxies, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        if (EtcdOptionSet.IsGiven(options))
        {
            return ([], failures);
        }

        // Who may not look into the directory finds the usual name in it.
        string[] names = [.. proxies, DispatcherOptions.DefaultProxy(KamailioAddress.Parse(KamailioAddress.Default), Dns.GetHostName())];
        var found = await WholeQuery.FindAsync(KamailioOptions.DispatcherDirectories(options), cluster, names, failures, cancellationToken).ConfigureAwait(false);
        return (found, failures);
    }

    private static string Names(IReadOnlyList<LocalDispatcher> found) =>
        string.Join(", ", found.Take(MostNamed).Select(static one => $"proxy {SafeText.Shorten(one.Answer.Proxy, MemberValidation.MaxNameLength)}")) + (found.Count > MostNamed ? " and others" : string.Empty);
}
