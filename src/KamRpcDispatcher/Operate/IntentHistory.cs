using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate;

/// <summary>What the history says of an operator's wishes.</summary>
internal static class IntentHistory
{
    /// <param name="command">What is wished.</param>
    /// <param name="now">When.</param>
    /// <param name="subjects">Of whom, and what each was before.</param>
    public static HistoryEntry Of(IntentCommand command, DateTimeOffset now, IReadOnlyList<(IntentSubject Subject, MemberBefore Before)> subjects)
    {
        var isDrain = command.Wish == IntentWish.Drain;
        var isOfProxies = command.Selection is ProxySelection;
        return new HistoryEntry(now, command.By, (isOfProxies ? "proxy " : string.Empty) + (isDrain ? "drain" : "resume"))
        {
            From = Before(subjects),
            To = isDrain ? "drained" : isOfProxies ? "not drained" : "as announced",
            Reason = command.Reason,
        }.About(
            subjects.Where(static one => one.Subject.Proxy is null).Select(static one => one.Subject.Member.Set),
            subjects.Select(static one => one.Subject.Proxy ?? one.Subject.Member.Name));
    }

    /// <summary><c>ready</c>, or <c>2 ready, 1 down</c>.</summary>
    private static string Before(IReadOnlyList<(IntentSubject Subject, MemberBefore Before)> subjects)
    {
        var kinds = subjects.GroupBy(static one => one.Before).OrderBy(static kind => kind.Key).ToList();
        return kinds is [var only] ? MemberBeforeText.Of(only.Key) : string.Join(", ", kinds.Select(static kind => FormattableString.Invariant($"{kind.Count()} {MemberBeforeText.Of(kind.Key)}")));
    }
}
