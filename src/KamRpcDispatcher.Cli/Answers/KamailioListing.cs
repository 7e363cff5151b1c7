using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>Kamailio's dispatcher list, with whose each entry is.</summary>
/// <param name="Address">Where it was read.</param>
/// <param name="Version">Kamailio's release.</param>
/// <param name="Cluster">The cluster whose entries are ours.</param>
/// <param name="Entries">In Kamailio's order, set by set.</param>
/// <param name="Unreadable">Entries that cannot be understood.</param>
internal sealed record KamailioListing(
    KamailioAddress Address, KamailioVersion Version, string Cluster, IReadOnlyList<DispatcherDestination> Entries, IReadOnlyList<UnreadableEntry> Unreadable)
{
    /// <summary>The name in <c>attrs</c> by which kamrpc knows its entries again; its value is the cluster.</summary>
    private const string Mark = "kamrpc";

    private const int LongestAttributes = 256;

    /// <summary>Of each set of a class, as far as Kamailio's share maps name it, whose calls it gets, and how many of their slots; it stands beside that set, whose members it has some of.</summary>
    public IReadOnlyDictionary<int, (int Home, int Slots)> Classes { get; init; } = new Dictionary<int, (int Home, int Slots)>();

    /// <summary>The sets whose share maps send no call to the set itself: there only what fails over arrives.</summary>
    public IReadOnlySet<int> WithoutHome { get; init; } = new HashSet<int>();

    /// <summary>The sets of entries that are not asked for.</summary>
    private IReadOnlyList<int> Others { get; init; } = [];

    /// <summary>The entries that are not asked for.</summary>
    private IReadOnlyList<DispatcherDestination> NotAskedFor { get; init; } = [];

    /// <summary>The sets that are asked for and have no entry.</summary>
    private IReadOnlyList<int> Missing { get; init; } = [];

    /// <summary>That a set which is asked for is not there, and which ones are; null where each is.</summary>
    public string? WhatIsMissing => Missing.Count == 0 ? null
        : $"set {SetText.Numbers(Missing)} has no destination in Kamailio's list; {(Others.Count + Entries.Count == 0 ? "no set has one" : SetText.There([.. Others.Concat(Entries.Select(static entry => entry.Set)).Distinct().Order()]))}";

    /// <exception cref="KamailioRpcException">Kamailio does not answer, or refuses.</exception>
    public static async Task<KamailioListing> ReadAsync(KamailioAddress address, RpcClientOptions rpc, string cluster, CancellationToken cancellationToken)
    {
        await using var client = new RpcClient(address, rpc);
        var version = await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
        var list = await ReadListAsync(client, rpc, cancellationToken).ConfigureAwait(false);
        var shared = await ClassListing.ReadAsync(client, list, cancellationToken).ConfigureAwait(false);
        return new KamailioListing(address, version, cluster, [.. list.Destinations.OrderBy(static entry => entry.Set)], list.Unreadable) { Classes = shared.Classes, WithoutHome = shared.WithoutHome };
    }

    /// <summary>These sets only.</summary>
    public KamailioListing Of(IReadOnlySet<int> sets) => this with
    {
        Entries = [.. Entries.Where(entry => sets.Contains(entry.Set))],
        Others = [.. Entries.Where(entry => !sets.Contains(entry.Set) && entry.Set != MemberKey.ReservedSet && !ClassSets.Has(entry.Set)).Select(static entry => entry.Set).Distinct()],
        NotAskedFor = [.. Entries.Where(entry => !sets.Contains(entry.Set))],
        Missing = [.. sets.Except(Entries.Select(static entry => entry.Set)).Except(Unreadable.Select(static entry => entry.Set ?? -1)).Order()],
        Unreadable = [.. Unreadable.Where(entry => entry.Set is { } set && sets.Contains(set))],
    };

    /// <summary>The sets in which there is something of the cluster's own, each with how many of its entries may get calls, whoever put them there.</summary>
    public IReadOnlyDictionary<int, int> RoutableBySet() => Entries.Where(static entry => entry.Set != MemberKey.ReservedSet && !ClassSets.Has(entry.Set)).GroupBy(static entry => entry.Set)
        .Where(set => set.Any(entry => ClusterOf(entry) == Cluster))
        .ToDictionary(static set => set.Key, static set => set.Count(IsRoutable));

    public string ToText(Layout layout, bool isVerbose)
    {
        // kamrpc's own mark never gets calls, and nobody has to know of it.
        List<DispatcherDestination> shown = [.. Entries.Where(entry => isVerbose || entry.Set != MemberKey.ReservedSet)];
        var table = layout.Whole(["NAME", "URI", "WHOSE"], [["PRIORITY"], ["PRIORITY", "LATENCY"], ["PRIORITY", "LATENCY", "LOAD"]], "SET", "NAME", "URI", "CALLS", "FLAGS", "WHOSE", "LATENCY", "LOAD", "PRIORITY", isVerbose ? "ATTRS" : "STATE");
        foreach (var entry in shown)
        {
            table.Add(
                Ages.Number(entry.Set),
                entry.Duid,
                entry.Uri,
                GetsCalls(entry) ? new Cell("CALLS", Tone.Good) : IsFailOverOnly(entry) ? new Cell("FAIL-OVER", Tone.Odd) : new Cell(IsFull(entry) ? "FULL" : "NO CALLS", Tone.Bad),
                Flags(entry),
                Whose(entry),
                entry.Latency is { } latency ? FormattableString.Invariant($"{latency.Estimate:0.#} ms") : null,
                entry.DialogLoad is { } load ? Ages.Number(load) + (entry.MaxLoad > 0 ? $"/{Ages.Number(entry.MaxLoad)}" : string.Empty) : null,
                isVerbose ? Ages.Number(entry.Priority) : null,
                !isVerbose ? State(entry) + Share(entry) : entry.Attributes.Length > 0 ? SafeText.Shorten(entry.Attributes, LongestAttributes) : null);
        }

        // Who stands in a class stands in its home set too.
        var copies = shown.TrueForAll(static entry => ClassSets.Has(entry.Set)) ? 0 : shown.RemoveAll(static entry => ClassSets.Has(entry.Set));
        var (count, full, failOver) = (shown.Count(GetsCalls), shown.Count(IsFull), shown.Count(IsFailOverOnly));
        var title = $"Kamailio {Version} at {Address}: "
            + (shown.Count == 0 ? Others.Count > 0 ? "it has none of the destinations that are asked for" : "its list is empty" : FormattableString.Invariant($"{count} of {Ages.Count(shown.Count, "destination")} {(count == 1 ? "gets" : "get")} calls") + (full > 0 ? FormattableString.Invariant($", {full} {(full == 1 ? "is" : "are")} full") : string.Empty) + (failOver > 0 ? FormattableString.Invariant($", {failOver} only what fails over") : string.Empty))
            + (copies > 0 ? FormattableString.Invariant($"; {copies} more {(copies == 1 ? "entry" : "entries")} in classes, by which calls are shared") : string.Empty);
        return TextLines.Behind(string.Empty, title, layout.Width)
            + string.Concat(FullSets().Select(set => TextLines.Behind("  ", FormattableString.Invariant($"set {set.Set}: {set.Full}: algorithm 10 has none for another call until one ends"), layout.Width)))
            + table
            + string.Concat(Unreadable.Select(entry => TextLines.Behind("  ", $"set {entry.Set?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}: cannot be understood: {SafeText.Shorten(entry.Text, 128)}: {entry.Reason}", layout.Width)));
    }

    /// <summary>For programs: every field is always there, later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteString("kamailio", Address.ToString());
        writer.WriteString("version", Version.ToString());
        JsonText.WriteArray(writer, "destinations", Entries, WriteEntry);
        JsonText.WriteArray(writer, "fullSets", [.. FullSets()], static (json, set) =>
        {
            json.WriteNumber("set", set.Set);
            json.WriteNumber("load", set.Full.Calls);
            json.WriteNumber("maxload", set.Full.MaxLoad);
        });
        JsonText.WriteArray(writer, "unreadable", Unreadable, static (json, entry) =>
        {
            JsonText.WriteNumber(json, "set", entry.Set);
            json.WriteString("text", entry.Text);
            json.WriteString("reason", entry.Reason);
        });
    });

    /// <summary>A datagram drops a list that is too long without a word: then another way to the same Kamailio is searched for.</summary>
    private static async Task<DispatcherList> ReadListAsync(RpcClient client, RpcClientOptions rpc, CancellationToken cancellationToken)
    {
        try
        {
            return await client.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioRpcException exception) when ((exception is KamailioTimeoutException && client.Address.DropsLongReplies) || (exception is KamailioFaultException && client.Address.Protocol == RpcProtocol.BinRpc))
        {
            // Whether it answers at all.
            await client.EchoAsync(cancellationToken).ConfigureAwait(false);
            var (way, _) = await KamailioReadWay.FindAsync(client, rpc, cancellationToken).ConfigureAwait(false);
            if (way is null || way == client.Address)
            {
                throw;
            }

            await using var other = new RpcClient(way, rpc);
            return await other.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool GetsCalls(DispatcherDestination entry) => IsRoutable(entry) && !IsFull(entry) && !IsFailOverOnly(entry) && !(Classes.Count > 0 && ClassSets.Has(entry.Set) && !HasSlots(entry));

    /// <summary>Whether the share map of its set has slots for classes alone, and none for one in which it is routable.</summary>
    private bool IsFailOverOnly(DispatcherDestination entry) => IsRoutable(entry) && WithoutHome.Contains(entry.Set)
        && !Entries.Concat(NotAskedFor).Any(other => other.Uri == entry.Uri && IsRoutable(other) && HasSlots(other) && Classes[other.Set].Home == entry.Set);

    private bool HasSlots(DispatcherDestination entry) => Classes.TryGetValue(entry.Set, out var share) && share.Slots > 0;

    private static bool IsRoutable(DispatcherDestination entry) => entry.State is DestinationState.Active or DestinationState.Trying;

    /// <summary>Of one that gets no calls anyway it is not said.</summary>
    private static bool IsFull(DispatcherDestination entry) => IsRoutable(entry) && FullSet.IsFull(entry.DialogLoad ?? 0, entry.MaxLoad);

    /// <summary>Sets without room for another call; none of those with an entry that cannot be understood, which may have some.</summary>
    private IEnumerable<(int Set, FullSet Full)> FullSets() =>
        from set in Entries.GroupBy(static entry => entry.Set)
        where !Unreadable.Any(entry => entry.Set is null || entry.Set == set.Key)
        let full = FullSet.Of(set.Select(static entry => (IsRoutable(entry), entry.DialogLoad ?? 0, entry.MaxLoad)))
        where full is not null
        select (set.Key, full.Value);

    private static string Flags(DispatcherDestination entry) => (entry.State switch
    {
        DestinationState.Active => "A",
        DestinationState.Inactive => "I",
        DestinationState.Disabled => "D",
        _ => "T",
    }) + (entry.IsProbed ? "P" : "X");

    private static string State(DispatcherDestination entry) => (entry.State switch
    {
        DestinationState.Active => "active",
        DestinationState.Inactive => "inactive: found dead",
        DestinationState.Disabled => "disabled by an administrator or kamrpc",
        _ => "trying: pings fail, not often enough yet",
    }) + (entry.IsProbed ? ", pinged" : string.Empty);

    /// <summary>Of an entry in a class what that gets.</summary>
    private string Share(DispatcherDestination entry) => IsFailOverOnly(entry) ? "; the share map of its set has no slot for it"
        : !ClassSets.Has(entry.Set) ? string.Empty
        : Classes.TryGetValue(entry.Set, out var share) ? FormattableString.Invariant($"; its class has {100m * share.Slots / ShareMap.Slots:0.0} % of the calls of set {share.Home}")
        : "; its class has no calls by any share map";

    /// <summary>The cluster for which kamrpc added it; null of somebody else's entry.</summary>
    private static string? ClusterOf(DispatcherDestination entry) => entry.IsExact ? AttributeList.FindExact(entry.Attributes, Mark) : null;

    private string Whose(DispatcherDestination entry) => ClusterOf(entry) switch
    {
        null => "somebody else's",
        _ when entry.Set == MemberKey.ReservedSet => "kamrpc's mark",
        var cluster when cluster == Cluster && ClassSets.Has(entry.Set) => $"ours: class {Ages.Number(entry.Set - ClassSets.Base)}{(HomeOf(entry) is { } home ? $" of set {Ages.Number(home)}" : string.Empty)}",
        var cluster when cluster == Cluster => "ours",
        var cluster => "cluster " + SafeText.Shorten(cluster),
    };

    /// <summary>The set whose class an entry of ours stands in, by Kamailio's share map or by where it stands too; null where neither tells, as in the moment in which it leaves.</summary>
    private int? HomeOf(DispatcherDestination entry) => !ClassSets.Has(entry.Set) ? null
        : Classes.TryGetValue(entry.Set, out var share) ? share.Home
        : Entries.Concat(NotAskedFor).FirstOrDefault(other => other.Uri == entry.Uri && !ClassSets.Has(other.Set) && other.Set != MemberKey.ReservedSet && ClusterOf(other) == ClusterOf(entry))?.Set;

    private void WriteEntry(Utf8JsonWriter writer, DispatcherDestination entry)
    {
        var cluster = ClusterOf(entry);
        writer.WriteNumber("set", entry.Set);
        writer.WriteString("name", entry.Duid.Length > 0 ? entry.Duid : null);
        writer.WriteString("uri", entry.Uri);
        writer.WriteBoolean("getsCalls", GetsCalls(entry));
        writer.WriteBoolean("failOverOnly", IsFailOverOnly(entry));
        writer.WriteString("flags", Flags(entry));
        writer.WriteString("state", entry.State switch
        {
            DestinationState.Active => "active",
            DestinationState.Inactive => "inactive",
            DestinationState.Disabled => "disabled",
            _ => "trying",
        });
        writer.WriteBoolean("pinged", entry.IsProbed);
        writer.WriteString("owner", cluster is null ? "other" : entry.Set == MemberKey.ReservedSet ? "mark" : cluster == Cluster ? "ours" : "cluster");
        writer.WriteString("cluster", cluster);
        JsonText.WriteNumber(writer, "classOf", HomeOf(entry));
        JsonText.WriteNumber(writer, "slots", Classes.TryGetValue(entry.Set, out var share) ? (int?)share.Slots : null);
        writer.WriteNumber("priority", entry.Priority);
        writer.WriteString("attrs", entry.Attributes);
        JsonText.WriteNumber(writer, "load", entry.DialogLoad);
        JsonText.WriteNumber(writer, "maxload", entry.MaxLoad > 0 ? (int?)entry.MaxLoad : null);
        writer.WriteBoolean("full", IsFull(entry));
        if (entry.Latency is not { } latency)
        {
            writer.WriteNull("latency");
            return;
        }

        writer.WriteStartObject("latency");
        writer.WriteNumber("averageMs", latency.Average);
        writer.WriteNumber("deviationMs", latency.StandardDeviation);
        writer.WriteNumber("estimateMs", latency.Estimate);
        writer.WriteNumber("maxMs", latency.Max);
        writer.WriteNumber("timeouts", latency.Timeouts);
        writer.WriteEndObject();
    }
}
