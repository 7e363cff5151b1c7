using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>Shares the calls of one set among its classes.</summary>
internal sealed class ShareDeal
{
    private readonly IReadOnlyList<ValueGroup> _values;
    private readonly ShareRules _rules;
    private readonly RoutableMembers _routable;
    private readonly HashSet<MemberKey> _leaving;
    private readonly Dictionary<MemberClass, int> _numbers = [];

    /// <param name="values">What has a share of its own.</param>
    /// <param name="numbers">The numbers of classes, by their names.</param>
    /// <param name="routable">Where Kamailio sends calls now.</param>
    /// <param name="rules">What is gone by beside that.</param>
    public ShareDeal(IReadOnlyList<ValueGroup> values, IReadOnlyDictionary<string, int> numbers, RoutableMembers routable, ShareRules rules)
    {
        (_values, _routable, _rules) = (values, routable, rules);
        _leaving = [.. Groups.SelectMany(static one => one.Leaving).Select(static member => member.Key)];
        var taken = new HashSet<int>();
        foreach (var one in Groups.Where(static one => !one.IsHome).Select(static one => one.Class).Order())
        {
            // The record of numbers is anybody's to write: two classes with one number would share one set.
            if (numbers.TryGetValue(one.Text, out var number) && number is > ShareMap.HomeNumber and <= ShareMap.MaxNumber && taken.Add(number))
            {
                _numbers.Add(one, number);
            }
        }
    }

    public bool IsEmpty => !Groups.Any();

    /// <summary>Those whose slow start is over, and who do not stand where they are to stand then.</summary>
    public IReadOnlySet<MemberKey> Leaving => _leaving;

    /// <summary>The values of which the other zones' members get calls too, since too few of the preferred one do.</summary>
    public IEnumerable<ValueGroup> Widened => _values.Where(value => _rules.Zone is not null && value.Classes.Any(static one => one.Class.IsInZone is false) && !IsNarrow(value));

    /// <summary>Whether anybody of the preferred zone gets calls of a value that has a share.</summary>
    public bool ServesZone => _values.Where(static value => value.Share > 0).SelectMany(static value => value.Classes).Any(one => one.Class.IsInZone is true && RoutableIn(one) + RoutableAtHomeOnly(one) > 0);

    private IEnumerable<ClassGroup> Groups => _values.SelectMany(static value => value.Classes);

    /// <summary>The map, which changes no more of the one before than it has to.</summary>
    public ShareMap Map(ShareMap? previous, bool spills)
    {
        var weights = _values.Select(WeightsOf).ToList();
        var shares = _values.Select(static value => (long)value.Share).ToList();
        if (spills && weights.Zip(shares).Any(static pair => pair.First.Count > 0 && pair.Second > 0))
        {
            shares = [.. shares.Zip(weights, static (share, some) => some.Count > 0 ? share : 0)];
        }

        var slots = SlotDeal.Apportion(ShareMap.Slots, shares);

        // Every number, also without a slot: its place among the others is the same when it has some.
        var counts = _numbers.Values.Select(static number => (number, 0)).ToList();
        for (var index = 0; index < weights.Count; index++)
        {
            var parts = SlotDeal.Apportion(slots[index], [.. weights[index].Select(static weight => weight.Weight)]);
            counts.AddRange(weights[index].Zip(parts, static (weight, part) => (weight.Number, part)));
        }

        return SlotDeal.Place(counts, previous);
    }

    /// <summary>What each class gets.</summary>
    public IEnumerable<ClassShare> Shares(ShareMap? map) =>
        from value in _values
        from pair in value.Classes.Zip(Wanted(value))
        let number = NumberOf(pair.First)
        orderby pair.First.Class
        select new ClassShare(
            pair.First.Class,
            number,
            pair.Second,
            number is { } known && map is not null ? map.CountOf(known) : 0,
            pair.First.Members.Count,
            RoutableIn(pair.First));

    /// <summary>Those that are routable and have no slot, though calls go by the map alone.</summary>
    public IEnumerable<KeyValuePair<MemberKey, FailOverOnly>> Unshared(ShareMap map) => map.CountOf(ShareMap.HomeNumber) > 0 ? [] :
        from value in _values
        where value.Share > 0
        let isNarrow = IsNarrow(value)
        from one in value.Classes
        let number = NumberOf(one)
        where number is not null && map.CountOf(number.Value) == 0
        from member in one.Members
        where member.State == MemberState.Ready && !_leaving.Contains(member.Key) && IsRoutableIn(number, member)
        select KeyValuePair.Create(member.Key, IsLeftOut(one, isNarrow) ? FailOverOnly.Zone : value.IsOverfull && one.Class.Weight is null ? FailOverOnly.Percentages : FailOverOnly.Small);

    public IEnumerable<Member> Copies() =>
        from one in Groups
        let number = NumberOf(one)
        where number > ShareMap.HomeNumber
        from member in one.Members.Concat(one.Leaving)
        select member with { Key = new MemberKey(ShareMap.FirstSet + number.Value, member.Key.Name) };

    /// <summary>
    /// By whose weights the slots of a value go: to each class by those of its members that are routable there, and to the home set by those that are routable only there, since Kamailio has them in their class not yet,
    /// or refuses them there. So a class that is being filled gets the calls of those that it has, and no more. None where nobody is routable.
    /// </summary>
    private List<(int Number, long Weight)> WeightsOf(ValueGroup value)
    {
        var isNarrow = IsNarrow(value);
        var counts = value.Classes.Select(one => (Number: NumberOf(one), Own: IsLeftOut(one, isNarrow) ? 0 : RoutableIn(one), Home: IsLeftOut(one, isNarrow) ? 0 : RoutableAtHomeOnly(one))).ToList();
        var relatives = value.Relatives([.. counts.Select(static count => count.Own + count.Home)]);
        var weights = new List<(int Number, long Weight)>();
        foreach (var (count, relative) in counts.Zip(relatives))
        {
            weights.Add((count.Number ?? ShareMap.HomeNumber, relative * count.Own));
            weights.Add((ShareMap.HomeNumber, relative * count.Home));
        }

        return [.. weights.GroupBy(static weight => weight.Number).Select(static number => (number.Key, number.Sum(static weight => weight.Weight))).Where(static number => number.Item2 > 0).OrderBy(static number => number.Key)];
    }

    /// <summary>Whether the members of the preferred zone serve alone.</summary>
    private bool IsNarrow(ValueGroup value)
    {
        if (_rules.Zone is not { } zone)
        {
            return false;
        }

        List<ClassGroup> own = [.. value.Classes.Where(static one => one.Class.IsInZone is true)];
        return zone.IsEnough(own.Sum(static one => one.Members.Count), own.Sum(one => RoutableIn(one) + RoutableAtHomeOnly(one)));
    }

    private static bool IsLeftOut(ClassGroup one, bool isNarrow) => isNarrow && one.Class.IsInZone is false;

    /// <summary>In thousandths, by the weights of the ready members; of a value that has none, of all.</summary>
    private int[] Wanted(ValueGroup value)
    {
        var isNarrow = IsNarrow(value);
        int[] ready = [.. value.Classes.Select(one => IsLeftOut(one, isNarrow) ? 0 : one.Ready)];
        int[] counts = ready.Any(static count => count > 0) ? ready : [.. value.Classes.Select(static one => one.Members.Count)];
        return SlotDeal.Apportion(value.Share, [.. value.Relatives(counts).Zip(counts, static (relative, count) => relative * count)]);
    }

    private int RoutableIn(ClassGroup one)
    {
        var number = NumberOf(one);
        return one.Members.Concat(one.Leaving).Count(member => member.State == MemberState.Ready && IsRoutableIn(number, member));
    }

    private int RoutableAtHomeOnly(ClassGroup one)
    {
        var number = NumberOf(one);
        return one.IsHome ? 0 : one.Members.Count(member => member.State == MemberState.Ready && !_leaving.Contains(member.Key) && !IsRoutableIn(number, member) && _routable.IsAtHome(member));
    }

    private bool IsRoutableIn(int? number, Member member) => number is { } known && _routable.IsIn(known, member);

    private int? NumberOf(ClassGroup one) => one.IsHome ? ShareMap.HomeNumber : _numbers.TryGetValue(one.Class, out var number) ? number : null;
}
