using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>
/// The shares of calls that weights come to at proxies where they are attributes of destinations; share maps say theirs themselves. Etcd does not tell Kamailio's algorithm, nor whether its list has another
/// order, so they are told for both algorithms, and are not findings.
/// </summary>
internal sealed class StatusShares(ClusterCalls calls)
{
    public const string Title = "SHARES OF CALLS, if Kamailio uses algorithm 11 or 9 and its list has its usual order (-o json has them all)";

    private const int MostOfSet = 10;
    private const int LongestName = 24;

    private readonly IReadOnlyList<(MemberShares Shares, IReadOnlyList<ProxyLens> At)> _sets =
    [
        .. MemberShares.Of(calls.Cluster.Members.Select(static announced => announced.InEffect))
            .Select(set => (set, (IReadOnlyList<ProxyLens>)[.. calls.Proxies.Where(lens => lens.HasAttributesIn(set.Set))]))
            .Where(static set => set.Item2.Count > 0),
    ];

    public int Count => _sets.Count;

    /// <summary>The worst ones of each set.</summary>
    public TextTable Table(Layout layout)
    {
        var table = layout.Table("SET", "NAME", "WEIGHT", "WEIGHT SAYS", "ALGORITHM 11", "ALGORITHM 9");
        foreach (var (set, _) in _sets)
        {
            var number = set.Set.ToString(CultureInfo.InvariantCulture);
            foreach (var (member, relative, percentages) in WorstFirst(set).Take(MostOfSet))
            {
                table.Add(
                    number,
                    member.Key.Name,
                    member.Weight?.ToString(CultureInfo.InvariantCulture),
                    Wanted(relative),
                    FormattableString.Invariant($"{relative.True} %"),
                    FormattableString.Invariant($"{percentages.True} %"));
            }

            if (set.Members.Count > MostOfSet)
            {
                table.Add(number, FormattableString.Invariant($"({set.Members.Count - MostOfSet} more)"), null, null, null, null);
            }
        }

        return table;
    }

    /// <summary>Who gets a share that is far from what its weight says, and at which proxies all this is so where it is not at each, a line each.</summary>
    public IReadOnlyList<string> Notes() =>
    [
        .. _sets.SelectMany(static set => Notes(set.Shares)),
        .. _sets.Where(set => set.At.Count < calls.Proxies.Count(lens => lens.Serves(set.Shares.Set)))
            .Select(static set => FormattableString.Invariant($"set {set.Shares.Set}: so at {ProxyNames.Of(set.At)} alone, where weights are attributes of destinations; the others share by maps")),
    ];

    public void Write(Utf8JsonWriter writer) => JsonText.WriteArray(writer, "shares", _sets, static (json, one) =>
    {
        var set = one.Shares;
        json.WriteNumber("set", set.Set);
        JsonText.WriteArray(json, "members", WorstFirst(set), static (member, share) =>
        {
            member.WriteString("name", share.Member.Key.Name);
            if (share.Member.Weight is { } weight)
            {
                member.WriteNumber("weight", weight);
            }
            else
            {
                member.WriteNull("weight");
            }

            member.WriteNumber("wanted", Math.Round(share.Relative.Wanted, 2));
            member.WriteNumber("algorithm11", share.Relative.True);
            member.WriteNumber("algorithm9", share.Percentages.True);
        });
        json.WriteStartArray("notes");
        foreach (var note in Notes(set))
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteStartArray("proxies");
        foreach (var lens in one.At)
        {
            json.WriteStringValue(lens.Proxy.Name);
        }

        json.WriteEndArray();
    });

    private static IEnumerable<MemberShare> WorstFirst(MemberShares set) => set.Members
        .OrderByDescending(static share => share.Relative.Off)
        .ThenByDescending(static share => share.Percentages.Off)
        .ThenBy(static share => share.Member.Key);

    private static IEnumerable<string> Notes(MemberShares set)
    {
        // Weights that do not sum to 100 are not meant for algorithm 9.
        foreach (var algorithm in set.ArePercentages ? new[] { WeightedAlgorithm.Relative, WeightedAlgorithm.Percentages } : [WeightedAlgorithm.Relative])
        {
            if (set.FarthestOff(algorithm) is { } worst)
            {
                var share = worst.Under(algorithm);
                var name = SafeText.Shorten(worst.Member.Key.Name, LongestName);
                yield return FormattableString.Invariant(
                    $"set {set.Set}, with algorithm {(int)algorithm}: {name} gets {share.True} % of the calls where its weight says {Wanted(share)}");
            }
        }
    }

    private static string Wanted(WeightShare share) => FormattableString.Invariant($"{share.Wanted:0.#} %");
}
