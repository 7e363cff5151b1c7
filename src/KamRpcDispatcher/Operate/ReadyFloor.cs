using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Operate;

/// <summary>Keeps a drain from leaving too few ready members in a set.</summary>
/// <remarks>
/// Ready is who is announced so, is not drained, and may get calls from every proxy that lives and may serve its set, as far as its report says. Two names for one
/// address count once: the other name takes over. Who gets calls from no proxy is no loss, and may always be drained.
/// </remarks>
/// <param name="view">What is there.</param>
/// <param name="least">How many are to be left.</param>
internal sealed class ReadyFloor(OperatorView view, MinReady least)
{
    /// <summary>As many members are named.</summary>
    private const int MostNamed = 5;

    /// <summary>Ready members without a share by the split of their set, of whom it is asked what they have then: no proxy counts them among those whom it serves. Others without one are not counted at all.</summary>
    public IReadOnlySet<MemberKey> Idle { get; init; } = ImmutableHashSet<MemberKey>.Empty;

    /// <summary>Checks all of a command at once.</summary>
    /// <param name="leaving">Those who are to be drained and are not yet.</param>
    public FloorCheck Check(IReadOnlyCollection<MemberKey> leaving)
    {
        var (refusals, counted, sets) = (new List<string>(), new List<AnnouncedMember>(), new HashSet<int>());
        foreach (var (set, keys) in leaving.GroupBy(static key => key.Set, static (set, keys) => (set, keys.ToHashSet())).OrderBy(static one => one.set))
        {
            var before = refusals.Count;
            Check(new OfSet(view, set, keys, Idle), refusals, counted);
            if (refusals.Count > before)
            {
                sets.Add(set);
            }
        }

        return new FloorCheck(refusals, counted) { Sets = sets };
    }

    /// <summary>In what way a ready member gets no calls by a proxy's report; null where it gets them. One that is left out for another name of its address counts with that.</summary>
    public static string? KeptOutBy(LiveProxy proxy, Member member) => proxy.Status?.Deviations.FirstOrDefault(deviation =>
        deviation.Set == member.Key.Set
        && deviation.Kind is DeviationKind.Missing or DeviationKind.Refused or DeviationKind.Inactive or DeviationKind.Disabled
        && (deviation.Name == member.Key.Name || deviation.Uri == member.Uri.Text))?.Kind;

    private void Check(OfSet set, List<string> refusals, List<AnnouncedMember> counted)
    {
        if (!set.IsAnybodyLost)
        {
            return;
        }

        var wanted = least.Of(set.Size);
        var worst = set.Serving.Select(proxy => (Proxy: (LiveProxy?)proxy, Left: set.LeftBy(proxy))).Prepend((Proxy: null, Left: set.LeftBy(null))).MinBy(static by => by.Left.Count);
        counted.AddRange(worst.Left.Members.DistinctBy(static announced => announced.Member.Uri).Take(wanted));
        if (worst.Left.Count >= wanted)
        {
            return;
        }

        var where = worst.Proxy is { } proxy ? $" on proxy {SafeText.Shorten(proxy.Name)}" : string.Empty;
        var who = worst.Left.Count == 0 ? "no ready member" : $"{Number(worst.Left.Count)} ready member{(worst.Left.Count == 1 ? string.Empty : "s")}{(worst.Left.Members.Count == worst.Left.Count ? $" ({NamesOf(worst.Left.Members.Select(static announced => announced.Member.Key.Name))})" : string.Empty)}";
        var rest = set.NotCounted(worst.Proxy);
        refusals.Add($"set {Number(set.Number)} would be left with {who}{where}, and --min-ready {least} asks for {Number(wanted)}{(least.IsPercentage ? $" of {Number(set.Size)}" : string.Empty)}"
            + (worst.Left.IsUnknown ? "; the report of that proxy cannot be read, so that nobody knows who gets calls from it" : rest.Count > 0 ? $"; not counted: {NamesOf(rest)}" : string.Empty));
    }

    private static string NamesOf(IEnumerable<string> names)
    {
        List<string> all = [.. names];
        return string.Join(", ", all.Take(MostNamed)) + (all.Count > MostNamed ? $" and {Number(all.Count - MostNamed)} more" : string.Empty);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>One set, and who is to leave it.</summary>
    private sealed class OfSet
    {
        private readonly OperatorView _view;
        private readonly HashSet<MemberKey> _leaving;
        private readonly IReadOnlySet<MemberKey> _idle;
        private readonly List<AnnouncedMember> _members;

        /// <summary>Announced ready, and not drained.</summary>
        private readonly List<AnnouncedMember> _ready;

        /// <summary>Those of them that the split gives no share, where it is followed.</summary>
        private readonly HashSet<MemberKey> _withoutShare;

        public OfSet(OperatorView view, int set, HashSet<MemberKey> leaving, IReadOnlySet<MemberKey> idle)
        {
            (_view, Number, _leaving, _idle) = (view, set, leaving, idle);
            _members = [.. view.Members.Where(announced => announced.Member.Key.Set == set)];
            _ready = _members.FindAll(announced => announced.Member.State == MemberState.Ready && !view.IsDrained(announced.Member.Key));
            _withoutShare = view.Splits.GetValueOrDefault(set) is { } split && _ready.Exists(announced => split.ValueOf(announced.Member) is not null)
                ? [.. _ready.Where(announced => split.ValueOf(announced.Member) is null).Select(static announced => announced.Member.Key)]
                : [];
            Serving = [.. view.Proxies.Where(proxy => proxy.MayServe(set) && proxy.Status?.ElsewhereOf(set) is null)];
        }

        public int Number { get; }

        /// <summary>The proxies that may send calls to those members of it that etcd has.</summary>
        public IReadOnlyList<LiveProxy> Serving { get; }

        /// <summary>Its addresses: two names for one are one server.</summary>
        public int Size => _members.Select(static announced => announced.Member.Uri).Distinct().Count();

        /// <summary>Whether one of those who are to leave may get calls. Of a record that cannot be used an earlier one may be in force.</summary>
        public bool IsAnybodyLost =>
            _ready.Exists(announced => _leaving.Contains(announced.Member.Key) && (Serving.Count == 0 || Serving.Any(proxy => MayServe(proxy, announced.Member))))
            || _view.Rejected.Any(record => record is { IsNotReady: false, Member: { } key } && _leaving.Contains(key) && !_view.IsDrained(key));

        /// <summary>Who is left, and gets calls as a proxy sees it; as etcd has it where there is none.</summary>
        public Left LeftBy(LiveProxy? proxy)
        {
            var routable = _ready.FindAll(announced => proxy is null || MayServe(proxy, announced.Member) || (_idle.Contains(announced.Member.Key) && KeptOutBy(proxy, announced.Member) is null));
            var left = routable.FindAll(announced => !_leaving.Contains(announced.Member.Key));
            if (proxy is null)
            {
                return new Left(left, Addresses(left));
            }

            // It counts everybody, and names the first ones: who is not named may be among those who are left.
            var unnamed = proxy.Status is null ? int.MaxValue : Math.Max(0, Addresses(routable.Where(announced => !_idle.Contains(announced.Member.Key))) - ServedBy(proxy.Status));
            return new Left(left, Math.Max(0, Addresses(left) - unnamed)) { IsUnknown = proxy.Status is null };
        }

        /// <summary>Who is neither left nor to leave, each with the reason.</summary>
        public IReadOnlyList<string> NotCounted(LiveProxy? proxy) =>
        [
            .. _members.Where(announced => !_leaving.Contains(announced.Member.Key)).Select(announced => (announced.Member.Key.Name, Why: WhyNot(announced.Member, proxy)))
                .Where(static one => one.Why is not null).Select(static one => $"{one.Name} ({one.Why})"),
        ];

        /// <summary>Whether a ready member may get calls from a proxy; where that follows no shares everybody does.</summary>
        private bool MayServe(LiveProxy proxy, Member member) => KeptOutBy(proxy, member) is null
            && !(_withoutShare.Contains(member.Key) && proxy is { WhyNoShares: null, Status: { } status } && status.Applies.Contains(SplitsProgress.Kind));

        private string? WhyNot(Member member, LiveProxy? proxy) =>
            _view.IsDrained(member.Key) ? "drained"
            : member.State == MemberState.Draining ? "draining"
            : member.State == MemberState.Down ? "down"
            : proxy is null ? null
            : _view.Splits.GetValueOrDefault(Number) is { } split && split.ValueOf(member) is null ? "no share by the split"
            : KeptOutBy(proxy, member);

        private int ServedBy(ProxyStatus status) => status.Sets.TryGetValue(Number, out var counts) ? counts.Serving ?? counts.Routable
            : status.MoreSets > 0 ? int.MaxValue
            : 0;

        private static int Addresses(IEnumerable<AnnouncedMember> members) => members.Select(static announced => announced.Member.Uri).Distinct().Count();
    }

    /// <param name="Members">Who is left.</param>
    /// <param name="Count">How many of them are counted.</param>
    private readonly record struct Left(IReadOnlyList<AnnouncedMember> Members, int Count)
    {
        /// <summary>Whether the proxy does not tell.</summary>
        public bool IsUnknown { get; init; }
    }
}

/// <summary>Whether a drain leaves enough.</summary>
/// <param name="Refusals">What speaks against it, a sentence for each set; empty where nothing does.</param>
/// <param name="Counted">Those on whom that rests: as many of each set as are asked for.</param>
internal sealed record FloorCheck(IReadOnlyList<string> Refusals, IReadOnlyList<AnnouncedMember> Counted)
{
    /// <summary>The sets that are refused.</summary>
    public IReadOnlySet<int> Sets { get; init; } = ImmutableHashSet<int>.Empty;
}
