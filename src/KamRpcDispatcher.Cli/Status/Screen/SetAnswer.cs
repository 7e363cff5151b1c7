using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>How many of a set's members get calls, in words.</summary>
internal static class SetAnswer
{
    /// <summary><c>1 of 3 gets calls</c>.</summary>
    public static string Of(SetCalls set)
    {
        var total = set.Members.Count;
        List<ProxyLens> full = [.. set.Serving.Where(lens => lens.FullOf(set.Set) is not null)];
        if (total == 0)
        {
            var held = set.Departed.SelectMany(static member => member.Remarks).Select(static remark => remark.Deviation).Where(static deviation => deviation is { Kind: DeviationKind.Held }).ToList();
            var who = held.Exists(static deviation => !deviation!.IsDoubted)
                ? "no members, what went with many others is kept as it was (PANIC)"
                : held.Count > 0 ? "no members, what went without a word is kept as it was for a moment"
                : set.Departed.Count > 0 ? "no members, what has left is still being taken out"
                : "no members";
            return who + (set.WithoutAnybody.Count > 0 ? ", and NOBODY ELSE gets calls" : string.Empty);
        }

        if (set.Unknown == total)
        {
            return FormattableString.Invariant($"NOT KNOWN whether its {Ages.Count(total, "member")} {(total == 1 ? "gets" : "get")} calls");
        }

        var answer = FormattableString.Invariant($"{set.Getting} of {total} {(set.Getting == 1 ? "gets" : "get")} calls");
        answer += set.Partly > 0 ? FormattableString.Invariant($", {set.Partly} from some proxies only") : string.Empty;
        answer += set.FailOverOnly > 0 ? FormattableString.Invariant($", {set.FailOverOnly} only what fails over") : string.Empty;
        answer += set.Unknown > 0 ? FormattableString.Invariant($", {set.Unknown} not known") : string.Empty;
        answer += set.IsAllDrained ? ", ALL DRAINED by operators" : set.Drained > 0 ? FormattableString.Invariant($", {set.Drained} drained") : string.Empty;
        answer += set.Kept.Count > 0 ? FormattableString.Invariant($", {set.Kept.Count} more kept as before (PANIC)") : string.Empty;
        return answer + (full.Count > 0 ? ", and EVERY ONE IS FULL on " + (full.Count == 1 ? full[0].Name : FormattableString.Invariant($"{full.Count} proxies")) : string.Empty);
    }
}
