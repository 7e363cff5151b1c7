using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>The proxies that a rollout has to do with.</summary>
/// <remarks>
/// Who reports has what is wished, or is waited for. One that does not report any more may stand beside a Kamailio that has calls, and shares them as in the step that it had last: a rollout
/// that went on without it would be done by its own word alone. So those who have reported are kept in its record.
/// </remarks>
public static class RolloutProxies
{
    /// <summary>As many are kept; of a larger fleet the others count while they report.</summary>
    internal const int Most = 500;

    /// <summary>What is waited for where a rollout has written the shares of its set.</summary>
    /// <param name="rollout">The rollout.</param>
    /// <param name="revision">The revision of the split, or of its deletion.</param>
    public static AppliedTarget TargetOf(Rollout rollout, long revision)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return AppliedTarget.OfSplit(rollout.Set, revision) with { Expected = Expected(rollout) };
    }

    /// <summary>Those who have to have what it wishes whether they report or not, and what is said of one that does not.</summary>
    internal static Dictionary<string, string> Expected(Rollout rollout) => rollout.Proxies.ToDictionary(
        static proxy => proxy.Key,
        static proxy => proxy.Value > 0
            ? FormattableString.Invariant($"had step {proxy.Value} and does not report any more: its Kamailio may still route by it")
            : "reported during this rollout and does not any more: its Kamailio may route as it did then",
        StringComparer.Ordinal);

    /// <summary>Why it is not known how one of those routes who do not report, safe to print; null where all report.</summary>
    internal static string? WhyUnknown(Rollout rollout, OperatorView view) =>
        Expected(Noted(rollout, view)).Where(proxy => !view.Proxies.Any(live => live.Name == proxy.Key)).Select(static proxy => $"{SafeText.Shorten(proxy.Key)} {proxy.Value}").FirstOrDefault();

    /// <summary>The rollout with those who report by now and may serve its set. Who has left and was drained by an operator (<c>kamrpc proxy drain</c>) is let go, and by force whoever has left.</summary>
    /// <param name="rollout">The rollout.</param>
    /// <param name="view">What is there.</param>
    /// <param name="letsGo">Whether those are let go who do not report.</param>
    internal static Rollout Noted(Rollout rollout, OperatorView view, bool letsGo = false)
    {
        var live = view.Proxies.ToDictionary(static proxy => proxy.Name, StringComparer.Ordinal);
        var kept = rollout.Proxies.Where(proxy => live.TryGetValue(proxy.Key, out var there) ? there.MayServe(rollout.Set) : !letsGo && !view.IsDrained(IntentSubject.OfProxy(proxy.Key))).ToList();
        var more = live.Values.Where(proxy => proxy.MayServe(rollout.Set) && !rollout.Proxies.ContainsKey(proxy.Name) && MemberValidation.CheckName(proxy.Name) is null)
            .OrderBy(static proxy => proxy.Name, StringComparer.Ordinal).Take(Math.Max(0, Most - kept.Count)).Select(static proxy => KeyValuePair.Create(proxy.Name, 0));
        List<KeyValuePair<string, int>> all = [.. kept, .. more];
        return rollout with { Proxies = all.Count == 0 ? Rollout.NoProxies : Rollout.NoProxies.AddRange(all) };
    }

    /// <summary>Who is not waited for any more though it does not report, a sentence each, safe to print.</summary>
    /// <param name="before">The rollout before.</param>
    /// <param name="now">The same after it.</param>
    /// <param name="view">What is there.</param>
    internal static IReadOnlyList<string> LetGo(Rollout before, Rollout now, OperatorView view) =>
        [.. Expected(before).Where(proxy => !now.Proxies.ContainsKey(proxy.Key) && !view.Proxies.Any(live => live.Name == proxy.Key)).Select(static proxy => $"it is not waited for {SafeText.Shorten(proxy.Key)}, which {proxy.Value}")];

    /// <summary>The rollout, with those who are known to have the step that is in force.</summary>
    internal static Rollout Stepped(Rollout rollout, AppliedState state)
    {
        var applied = state.Proxies.Where(static proxy => proxy.IsApplied).Select(static proxy => proxy.Name).ToHashSet(StringComparer.Ordinal);
        return rollout with { Proxies = rollout.Proxies.SetItems(rollout.Proxies.Keys.Where(name => applied.Contains(SafeText.Shorten(name))).Select(name => KeyValuePair.Create(name, rollout.Step + 1))) };
    }
}
