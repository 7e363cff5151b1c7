using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>A set before a change, or after it, as if every ready member were routable.</summary>
internal sealed class ForecastSide
{
    private readonly Dictionary<string, double> _percent = new(StringComparer.Ordinal);
    private readonly string _shares;

    /// <param name="set">The set.</param>
    /// <param name="members">Its members as operators wish them.</param>
    /// <param name="split">Its split; null where it has none.</param>
    /// <param name="rules">How shares are reckoned.</param>
    public ForecastSide(int set, IReadOnlyList<Member> members, Split? split, ShareRules rules)
    {
        var shares = SplitForecast.SharesOf(set, members, split, rules);
        IsSplit = split is not null;
        HasMap = shares.Map is not null;
        Served = [.. AddressClaim.Of(members, null).Select(static claim => claim.Holder).Where(member => member.State == MemberState.Ready && !shares.Idle.Contains(member.Key))];
        Copies = SplitForecast.CopiesOf(set, members, split, rules);
        AreMixed = Served.Select(static member => MemberClass.Of(null, member.Weight).Relative).Distinct().Skip(1).Any();
        Add([.. Served.Where(member => !shares.Apart.Contains(member.Key))], shares.Map?.CountOf(ShareMap.HomeNumber) ?? ShareMap.Slots);
        foreach (var share in shares.Shares.Where(static share => share.Set is not null))
        {
            Add([.. shares.ClassMembers.Where(copy => copy.Key.Set == share.Set && copy.State == MemberState.Ready)], share.Slots);
        }

        _shares = string.Join(' ', shares.Shares.Where(static share => share.Slots > 0).OrderBy(static share => share.Class).Select(static share => FormattableString.Invariant($"{share.Class.Text}:{share.Slots}")));
    }

    public bool IsSplit { get; }

    public bool HasMap { get; }

    /// <summary>Whether those who get calls have different weights.</summary>
    public bool AreMixed { get; }

    /// <summary>Who gets calls in the home set.</summary>
    public IReadOnlyList<Member> Served { get; }

    public IReadOnlySet<(string Class, string Name)> Copies { get; }

    /// <summary>In per cent of the calls.</summary>
    public double PercentOf(string name) => _percent.GetValueOrDefault(name);

    public bool IsSharedAs(ForecastSide other) => _shares == other._shares;

    /// <summary>Within a class, and in the home set, all get the same.</summary>
    private void Add(IReadOnlyList<Member> members, int slots)
    {
        foreach (var member in members)
        {
            _percent[member.Key.Name] = PercentOf(member.Key.Name) + (100.0 * slots / ShareMap.Slots / members.Count);
        }
    }
}
