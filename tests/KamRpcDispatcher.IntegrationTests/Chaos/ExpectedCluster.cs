using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>What announcers and operators have written into etcd, and what a Kamailio has to be like then.</summary>
internal sealed class ExpectedCluster
{
    private readonly List<ExpectedMember> _members = [];
    private readonly Dictionary<int, Split> _splits = [];
    private readonly Dictionary<int, IReadOnlyDictionary<string, int>> _numbers = [];

    /// <param name="keys">The names of keys.</param>
    /// <param name="pairs">All that the cluster has.</param>
    public ExpectedCluster(EtcdKeys keys, IReadOnlyCollection<(string Key, string Value)> pairs)
    {
        var intents = Below(keys.Intents).ToDictionary();
        _members.AddRange(Below(keys.Members).Select(pair => ExpectedMember.Read(pair.Path, pair.Value, intents.GetValueOrDefault(pair.Path))));
        foreach (var (path, value) in Below(keys.Splits))
        {
            var record = JsonElement.Parse(value);
            _splits[Set(path)] = new Split(Set(path), record.GetProperty("label").GetString()!, record.GetProperty("shares").EnumerateObject()
                .ToImmutableSortedDictionary(static share => share.Name, static share => (int)(share.Value.GetDecimal() * 10), StringComparer.Ordinal));
        }

        foreach (var (path, value) in Below(keys.Classes).Where(static pair => pair.Path.All(char.IsAsciiDigit)))
        {
            _numbers[Set(path)] = JsonElement.Parse(value).EnumerateObject().ToDictionary(static one => one.Name, static one => one.Value.GetInt32() - ClassSets.Base);
        }

        IEnumerable<(string Path, string Value)> Below(string prefix) =>
            pairs.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(pair => (pair.Key[prefix.Length..], pair.Value));

        static int Set(string path) => int.Parse(path, CultureInfo.InvariantCulture);
    }

    /// <summary>The sets that somebody is announced in.</summary>
    public IEnumerable<int> Sets => _members.Select(static member => member.Set).Distinct();

    /// <summary>How the calls of a set are to be shared, by those who are routable in a list.</summary>
    public SetShares SharesOf(int set, IReadOnlyList<FakeDestination> list) => SetShares.Of(
        set, _members.Select(static member => member.ToMember()), _splits.GetValueOrDefault(set), _numbers.GetValueOrDefault(set, ImmutableDictionary<string, int>.Empty),
        list.Where(static entry => entry.Flags[0] == 'A').Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri))).ToHashSet(), previous: null);

    /// <summary>Who has to stand where: the members in their sets, not ready where a split gives them no share, and again in those of their classes.</summary>
    public IReadOnlyList<ExpectedMember> Expand(IReadOnlyCollection<SetShares> shares)
    {
        var idle = shares.SelectMany(static set => set.Idle).ToHashSet();
        var byName = _members.ToDictionary(static member => new MemberKey(member.Set, member.Name));
        return
        [
            .. _members.Select(member => idle.Contains(new MemberKey(member.Set, member.Name)) ? member with { IsReady = false } : member),
            .. shares.SelectMany(set => set.ClassMembers.Select(copy => byName[new MemberKey(set.Set, copy.Key.Name)] with { Set = copy.Key.Set })),
        ];
    }
}
