using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>What would become of a set by a change that is not made, as if every ready member were routable.</summary>
/// <param name="Set">The set.</param>
/// <param name="Members">Who would get which share of its calls, by name.</param>
/// <param name="Proxies">What each proxy would do that may serve it.</param>
public sealed record SetForecast(int Set, IReadOnlyList<MemberForecast> Members, IReadOnlyList<ProxyForecast> Proxies)
{
    /// <summary>Why the shares may be others, a sentence, safe to print; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>What proxies follow, by its kind: <see cref="IntentsProgress.Kind"/> or <see cref="SplitsProgress.Kind"/>.</summary>
    internal static SetForecast Of(OperatorView view, int set, string kind, (IReadOnlyList<Member> Members, Split? Split) before, (IReadOnlyList<Member> Members, Split? Split) after)
    {
        var (now, then) = (new Side(set, before.Members, before.Split), new Side(set, after.Members, after.Split));
        return new SetForecast(
            set,
            [.. after.Members.Select(static member => member.Key.Name).Order(StringComparer.Ordinal).Select(name => new MemberForecast(name, now.PercentOf(name), then.PercentOf(name)))],
            [.. view.Proxies.Where(proxy => proxy.MayServe(set)).Select(proxy => new ProxyForecast(SafeText.Shorten(proxy.Name), Would(proxy, kind, now, then)))]);
    }

    /// <summary>The same view where these are wished; null for nothing.</summary>
    internal static OperatorView After(OperatorView view, IEnumerable<(MemberKey Key, Intent? Intent)> wished)
    {
        var intents = view.Intents.ToDictionary();
        foreach (var (key, intent) in wished)
        {
            intents[key] = new StoredIntent(0, default, intent, null);
        }

        return view with { Intents = intents };
    }

    private static string Would(LiveProxy proxy, string kind, Side now, Side then)
    {
        if (proxy.Status is not { } status)
        {
            return "not known: its report cannot be read";
        }

        if (!status.Applies.Contains(kind))
        {
            return $"nothing: it follows no {kind} (an older kamrpc, or its role in etcd may not read them)";
        }

        var hasMap = status.Splits is { HasTable: not false } && (status.Shares?.Way != ShareReport.Attributes || now.IsSplit || then.IsSplit);
        List<string> parts =
        [
            .. NamesOf("disables", now.Served.ExceptBy(then.Served.Select(static member => member.Key), static member => member.Key).Where(member => ReadyFloor.KeptOutBy(proxy, member) is null)),
            .. NamesOf("enables", then.Served.ExceptBy(now.Served.Select(static member => member.Key), static member => member.Key)),
            .. !hasMap ? [] : Count("adds", then.Copies.Except(now.Copies).Count()).Concat(Count("removes", now.Copies.Except(then.Copies).Count())),
            .. !hasMap || then.IsSharedAs(now) ? [] : new[] { then.HasMap ? "shares the calls by a new map" : "shares the calls evenly" },
            .. !hasMap && !then.IsSharedAs(now) ? new[] { "has weights as attributes of destinations, which the weighted algorithms alone follow" } : [],
        ];
        var text = parts.Count == 0 ? "nothing" : string.Join(", ", parts);
        return text + (status.Zone is { } zone ? $"; members of zone {SafeText.Shorten(zone)} come first there" : string.Empty) + (proxy.WhyOfNoUse is { } use ? $"; not now: it {use}" : string.Empty);
    }

    private static IEnumerable<string> NamesOf(string does, IEnumerable<Member> members)
    {
        const int Most = 8;
        List<string> names = [.. members.Select(static member => SafeText.Shorten(member.Key.Name, MemberValidation.MaxNameLength)).Order(StringComparer.Ordinal)];
        return names.Count == 0 ? [] : [$"{does} {string.Join(", ", names.Take(Most))}{(names.Count > Most ? FormattableString.Invariant($" and {names.Count - Most} more") : string.Empty)}"];
    }

    private static IEnumerable<string> Count(string does, int count) => count == 0 ? [] : [FormattableString.Invariant($"{does} {count} destination{(count == 1 ? string.Empty : "s")} of classes")];

    /// <summary>A set before, or after.</summary>
    private sealed class Side
    {
        private readonly Dictionary<string, double> _percent = new(StringComparer.Ordinal);
        private readonly string _shares;

        public Side(int set, IReadOnlyList<Member> members, Split? split)
        {
            var shares = SplitForecast.SharesOf(set, members, split);
            IsSplit = split is not null;
            HasMap = shares.Map is not null;
            Served = [.. AddressClaim.Of(members, null).Select(static claim => claim.Holder).Where(member => member.State == MemberState.Ready && !shares.Idle.Contains(member.Key))];
            Copies = SplitForecast.CopiesOf(set, members, split);
            Add(Served, shares.Map?.CountOf(ShareMap.HomeNumber) ?? ShareMap.Slots);
            foreach (var share in shares.Shares.Where(static share => share.Set is not null))
            {
                Add([.. shares.ClassMembers.Where(copy => copy.Key.Set == share.Set && copy.State == MemberState.Ready)], share.Slots);
            }

            _shares = string.Join(' ', shares.Shares.Where(static share => share.Slots > 0).OrderBy(static share => share.Class).Select(static share => FormattableString.Invariant($"{share.Class.Text}:{share.Slots}")));
        }

        public bool IsSplit { get; }

        public bool HasMap { get; }

        /// <summary>Who gets calls in the home set.</summary>
        public IReadOnlyList<Member> Served { get; }

        public IReadOnlySet<(string Class, string Name)> Copies { get; }

        /// <summary>In per cent of the calls.</summary>
        public double PercentOf(string name) => _percent.GetValueOrDefault(name);

        public bool IsSharedAs(Side other) => _shares == other._shares;

        /// <summary>Within a class, and in the home set, all get the same.</summary>
        private void Add(IReadOnlyList<Member> members, int slots)
        {
            foreach (var member in members)
            {
                _percent[member.Key.Name] = PercentOf(member.Key.Name) + (100.0 * slots / ShareMap.Slots / members.Count);
            }
        }
    }
}

/// <summary>What a member would get of its set's calls.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Before">In per cent, now.</param>
/// <param name="After">In per cent, then.</param>
public sealed record MemberForecast(string Name, double Before, double After);

/// <summary>What a proxy would do.</summary>
/// <param name="Name">Its name, safe to print.</param>
/// <param name="Would">In a few words, safe to print.</param>
public sealed record ProxyForecast(string Name, string Would);
