using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Push.Reading;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>Whether the classes that a change of shares takes fit into what each proxy can read of its Kamailio's list: a dispatcher adds nothing that it could not read back, and the shares would never come about.</summary>
internal static class ListFit
{
    /// <summary>The last entry is reckoned longer than it is, and others may add some.</summary>
    private const int Reserve = 1_000;

    /// <summary>What an entry takes at the least, where a list has none to measure by.</summary>
    private const int LeastOfEntry = 200;

    /// <param name="proxies">The proxies that serve the set.</param>
    /// <param name="set">The set.</param>
    /// <param name="before">Its members, and its split, as they are.</param>
    /// <param name="after">The same as they are to be.</param>
    public static IReadOnlyList<string> Refusals(IEnumerable<LiveProxy> proxies, int set, (IReadOnlyList<Member> Members, Split? Split) before, (IReadOnlyList<Member> Members, Split? Split) after)
    {
        var copies = new Lazy<int>(() => SplitForecast.CopiesOf(set, after.Members, after.Split).Except(SplitForecast.CopiesOf(set, before.Members, before.Split)).Count());
        return [.. proxies.Select(proxy => Refusal(proxy, set, after.Split is not null, copies)).OfType<string>()];
    }

    /// <summary>The same of members' weights. Where a set has classes, its members stand in them already.</summary>
    public static IReadOnlyList<string> RefusalsOfWeight(IntentCommand command, OperatorView view, IReadOnlyList<IntentSubject> subjects)
    {
        var weighed = subjects.Select(static subject => subject.Member).ToHashSet();
        return [.. weighed.Select(static key => key.Set).Distinct().Order().SelectMany(OfSet)];

        IReadOnlyList<string> OfSet(int set)
        {
            var before = SplitForecast.MembersOf(view, set);
            List<Member> after = [.. before.Select(member => weighed.Contains(member.Key) ? member with { Weight = command.Weight ?? view.Members.First(announced => announced.Member.Key == member.Key).Member.Weight } : member)];
            return Refusals(view.Proxies.Where(proxy => proxy.MayServe(set) && proxy.Status?.Shares?.Classes.Any(one => one.Set == set) != true), set, (before, null), (after, null));
        }
    }

    private static string? Refusal(LiveProxy proxy, int set, bool isSplit, Lazy<int> copies)
    {
        if (proxy.Status is not { List: { Most: { } most } list } status || (!isSplit && status.Shares?.Way == ShareReport.Attributes))
        {
            return null;
        }

        var needed = copies.Value * Math.Max(LeastOfEntry, list.Destinations > 0 ? list.Bytes / list.Destinations : 0);
        if (needed == 0 || list.Bytes + needed + Reserve <= most)
        {
            return null;
        }

        var address = status.Identity?.Kamailio is { } text && KamailioAddress.TryParse(text, out var parsed, out _) ? parsed : null;
        return FormattableString.Invariant(
            $"the classes of set {set} would not fit into Kamailio's list on proxy {SafeText.Shorten(proxy.Name)}: {copies.Value} more destinations take about {needed} bytes beside the {list.Bytes} of the {list.Destinations} that are there, and {(address is null ? "its transport" : address.ToString())} carries {most}. {ListTooLongException.AnotherWay(address ?? KamailioAddress.Parse(KamailioAddress.Default))}");
    }
}
