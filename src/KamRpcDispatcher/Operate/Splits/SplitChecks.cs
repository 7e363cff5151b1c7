using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>What speaks against a split of a set, by one view.</summary>
/// <param name="view">What is there.</param>
/// <param name="command">What is asked for.</param>
/// <param name="before">The split that is in force; null for none.</param>
internal sealed class SplitChecks(OperatorView view, SplitCommand command, Split? before)
{
    private readonly List<LiveProxy> _proxies = [.. view.Proxies.Where(proxy => proxy.MayServe(command.Set))];
    private readonly IReadOnlyList<string> _elsewhere = ElsewhereMembers.SourcesOf(view, command.Set);
    private readonly List<AnnouncedMember> _ready = [.. view.Members.Where(announced => announced.Member.Key.Set == command.Set && announced.Member.State == MemberState.Ready && !view.IsDrained(announced.Member.Key))];

    /// <summary>What nobody has of what is named with a share, each with what is there instead: sentences, safe to print.</summary>
    public IReadOnlyList<string> Unknown() => _elsewhere.Count > 0 ? [] : command.Split is { } split
        ? [.. split.Shares.Where(static share => share.Value > 0).SelectMany(share => NotThere(split.Label, share.Key)).Distinct(StringComparer.Ordinal)]
        : before is not null ? [] : NotThere([]);

    /// <summary>Whether nobody who is ready has a value with a share, so that calls go to everybody; where members come from elsewhere that is not seen here.</summary>
    public bool IsForNobody => command.Split is { } split && _elsewhere.Count == 0 && !_ready.Exists(announced => split.ValueOf(announced.Member) is not null);

    /// <summary>What somebody should know who asks for it, each a sentence, safe to print.</summary>
    public IEnumerable<string> Warnings() => command.Split is not { } split ? [] :
    [
        .. _elsewhere.Count > 0 ? [] : split.Shares.Where(static share => share.Value == 0).SelectMany(share => NotThere(split.Label, share.Key)),
        .. _proxies.Where(static proxy => proxy.Status is { } status && !status.Applies.Contains(SplitsProgress.Kind))
            .Select(static proxy => $"proxy {SafeText.Shorten(proxy.Name)} follows no splits: an older kamrpc, or its etcd role may not read them"),
    ];

    /// <summary>Whether calls would be lost, or not be shared as asked for.</summary>
    /// <param name="counted">The records on which that rests, one of each value.</param>
    /// <param name="isFloorTold">Whether somebody tells already that too few would be left in the set.</param>
    public IReadOnlyList<string> Refusals(out IReadOnlyList<AnnouncedMember> counted, bool isFloorTold = false)
    {
        counted = [];
        if (command.Split is not { } split)
        {
            return [];
        }

        var values = split.Shares.Where(static share => share.Value > 0).Select(static share => share.Key).ToList();
        var members = SplitForecast.MembersOf(view, command.Set);
        var floor = new ReadyFloor(view, command.MinReady) { Idle = Without(before) }.Check(Without(split));
        counted = [.. floor.Counted.Concat(values.Select(value => _ready.Find(announced => split.ValueOf(announced.Member) == value)).OfType<AnnouncedMember>()).DistinctBy(static announced => announced.Member.Key)];
        return
        [
            .. _proxies.Select(static proxy => proxy.WhyNoShares).OfType<string>(),
            .. _elsewhere.Select(source => $"{source}, and whether its members have {split.Label}={string.Join(" or ", values.Select(static value => SafeText.Shorten(value)))} is not seen here"),
            .. IsElsewhereAlone ? [] : values.SelectMany(value => NobodyOf(split, value)),
            .. IsElsewhereAlone || isFloorTold ? [] : floor.Refusals,
            .. ListFit.Refusals(_proxies, command.Set, (members, before), (members, split)),
        ];
    }

    /// <summary>Whether no proxy takes the set's members from etcd.</summary>
    private bool IsElsewhereAlone => _elsewhere.Count > 0 && _proxies.TrueForAll(proxy => proxy.Status?.ElsewhereOf(command.Set) is not null);

    private IEnumerable<string> NobodyOf(Split split, string value)
    {
        List<AnnouncedMember> ready = [.. _ready.Where(announced => split.ValueOf(announced.Member) == value)];
        var what = $"{split.Label}={SafeText.Shorten(value)}, which would get {SplitRecord.Text(split.Shares[value])} % of the calls";
        return ready.Count == 0
            ? [$"no ready member of set {command.Set} has {what}"]
            : _proxies.Where(proxy => ready.TrueForAll(announced => ReadyFloor.KeptOutBy(proxy, announced.Member) is not null))
                .Select(proxy => $"on proxy {SafeText.Shorten(proxy.Name)} nobody may get calls who has {what}: {ready[0].Member.Key.Name} is {ReadyFloor.KeptOutBy(proxy, ready[0].Member)} there");
    }

    /// <summary>The ready members that a split gives no share; none where there is none.</summary>
    public HashSet<MemberKey> Without(Split? split) => split is null ? [] : [.. _ready.Where(announced => split.ValueOf(announced.Member) is null).Select(static announced => announced.Member.Key)];

    private IReadOnlyList<string> NotThere(string label, string value) => [.. NotThere([new(label, value)]).Select(error => error + Held)];

    /// <summary>Which labels those have who are held after a mass expiry no report says.</summary>
    private string Held
    {
        get
        {
            const int Most = 5;
            List<string> names = [.. _proxies.SelectMany(static proxy => proxy.Status?.Held ?? []).Where(member => member.Key.Set == command.Set).Select(static member => member.Key.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            return names.Count == 0 ? string.Empty
                : FormattableString.Invariant($"; of whom is held after a mass expiry (PANIC) that is not seen: {string.Join(", ", names.Take(Most).Select(static name => SafeText.Shorten(name, MemberValidation.MaxNameLength)))}{(names.Count > Most ? FormattableString.Invariant($" and {names.Count - Most} more") : string.Empty)}");
        }
    }

    private IReadOnlyList<string> NotThere(IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        new MemberSelection { Labels = labels, Sets = new HashSet<int> { command.Set } }.Find(view, out var errors);
        return errors;
    }
}
