using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Keeps shares from going where too few are ready. Ready is who is announced so, is not drained, and gets calls, or could, by the report of every proxy that may serve the set.</summary>
internal sealed class RolloutFloor(OperatorView view, int set)
{
    private const int MostNamed = 5;

    private List<AnnouncedMember> Members => [.. view.Members.Where(announced => announced.Member.Key.Set == set)];

    /// <summary>The ready members with each value of a label; those without the label under the empty value.</summary>
    public IReadOnlyDictionary<string, int> ReadyBy(string label) =>
        Members.Where(IsReady).GroupBy(announced => announced.Member.Labels.GetValueOrDefault(label) ?? string.Empty, StringComparer.Ordinal).ToDictionary(static value => value.Key, Addresses, StringComparer.Ordinal);

    /// <summary>What speaks against shares, a sentence each, safe to print.</summary>
    /// <param name="label">The label.</param>
    /// <param name="shares">What each value is to have; null for no split.</param>
    /// <param name="to">The value of which so many have to be ready; of the others it is one.</param>
    /// <param name="least">How many.</param>
    public IReadOnlyList<string> Check(string label, IReadOnlyDictionary<string, int>? shares, string to, MinReady least)
    {
        var refusals = new List<string>();
        foreach (var (value, _) in (shares ?? new Dictionary<string, int>()).Where(static share => share.Value > 0))
        {
            List<AnnouncedMember> members = [.. Members.Where(announced => announced.Member.Labels.GetValueOrDefault(label) == value)];
            var wanted = value == to ? least.Of(Addresses(members)) : 1;
            var ready = Addresses(members.Where(IsReady));
            if (ready < wanted)
            {
                List<string> others = [.. members.Where(announced => !IsReady(announced)).Select(announced => $"{announced.Member.Key.Name} ({WhyNot(announced.Member)})")];
                refusals.Add(FormattableString.Invariant($"{label}={value} has {ready} ready member{(ready == 1 ? string.Empty : "s")} in set {set}, and {(value == to ? $"--min-ready {least} asks for {wanted}" : "one is needed where it has a share")}")
                    + (others.Count > 0 ? $"; not counted: {string.Join(", ", others.Take(MostNamed))}{(others.Count > MostNamed ? FormattableString.Invariant($" and {others.Count - MostNamed} more") : string.Empty)}" : string.Empty));
            }
        }

        return refusals;
    }

    private static int Addresses(IEnumerable<AnnouncedMember> members) => members.Select(static announced => announced.Member.Uri).Distinct().Count();

    private bool IsReady(AnnouncedMember announced) => WhyNot(announced.Member) is null;

    private string? WhyNot(Member member) =>
        view.IsDrained(member.Key) ? "drained"
        : member.State == MemberState.Draining ? "draining"
        : member.State == MemberState.Down ? "down"
        : view.Proxies.Where(proxy => proxy.MayServe(set)).Select(proxy => ReadyFloor.KeptOutBy(proxy, member) is { } kind ? $"{kind} on {SafeText.Shorten(proxy.Name)}" : null).FirstOrDefault(static why => why is not null);
}
