using System.Collections.Immutable;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

/// <summary>Members with labels, and Kamailio's list of them, made by hand.</summary>
internal static class SharedFleet
{
    public const int Stable = ClassSets.Base + 1;
    public const int Canary = ClassSets.Base + 2;

    public static Member Labelled(string name, params (string Label, string Value)[] labels) =>
        Members.Of(name) with { Labels = labels.ToImmutableSortedDictionary(static label => label.Label, static label => label.Value, StringComparer.Ordinal) };

    public static ListedDestination[] Listed(int set, params string[] names) =>
        [.. names.Select(name => new ListedDestination(set, Members.Of(name).Uri.Text, ListedState.Active, true, 0, $"duid={name};kamrpc=c"))];

    public static DispatcherTable Table(int start, ListedDestination[] listed) => new(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux) "), new KamailioInstance($"start {start}", string.Empty), listed);

    /// <summary>The numbers of one set's classes, from 1 on.</summary>
    public static ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> Numbers(params string[] classes) => ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>>.Empty.Add(
        1, classes.Select(static (name, index) => KeyValuePair.Create(name, index + 1)).ToImmutableSortedDictionary(StringComparer.Ordinal));
}
