using System.Globalization;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate;

/// <summary>What the history says of an operator's wishes.</summary>
internal static class IntentHistory
{
    /// <param name="command">What is wished.</param>
    /// <param name="now">When.</param>
    /// <param name="subjects">Of whom.</param>
    /// <param name="from">What they were before.</param>
    public static HistoryEntry Of(IntentCommand command, DateTimeOffset now, IReadOnlyList<IntentSubject> subjects, string from)
    {
        var isOfProxies = command.Selection is ProxySelection;
        return new HistoryEntry(now, command.By, (isOfProxies ? "proxy " : string.Empty) + IntentWishText.Of(command.Wish))
        {
            From = from,
            To = command.Wish switch
            {
                IntentWish.Drain => "drained",
                IntentWish.Weigh => command.Weight is { } weight ? weight.ToString(CultureInfo.InvariantCulture) : "as announced",
                _ => isOfProxies ? "not drained" : "as announced",
            },
            Reason = command.Reason,
        }.About(
            subjects.Where(static one => one.Proxy is null).Select(static one => one.Member.Set),
            subjects.Select(static one => one.Proxy ?? one.Member.Name));
    }

    /// <summary><c>ready</c>, or <c>2 ready, 1 down</c>; in order.</summary>
    public static string CountsOf(IEnumerable<string> texts)
    {
        var kinds = texts.CountBy(static text => text).ToList();
        return kinds is [var only] ? only.Key : string.Join(", ", kinds.Select(static kind => FormattableString.Invariant($"{kind.Value} {kind.Key}")));
    }
}
