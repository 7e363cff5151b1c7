using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Tells who is kept though its lease has ended: each once when that begins, and each set once when it is over.</summary>
/// <param name="logger">Where to log.</param>
internal sealed class HoldLog(ILogger logger)
{
    private const int MostNamed = 10;

    private HashSet<MemberKey> _doubted = [];

    /// <summary>Those that are held back since too many expired at once.</summary>
    public ImmutableArray<Member> Held { get; private set; } = [];

    /// <summary>Whose lease ended while etcd answered nobody, each told once.</summary>
    public void Doubted(IReadOnlyList<Member> doubted)
    {
        HashSet<MemberKey> keys = [.. doubted.Select(static member => member.Key)];
        if (keys.Except(_doubted).ToList() is { Count: > 0 } more)
        {
            ReconcileLog.ExpiryDoubted(logger, more.Count, ExpiredMember.Doubt, Names(doubted.Where(member => more.Contains(member.Key))));
        }

        _doubted = keys;
    }

    /// <summary>Expired members are held back, others than before, or none any more.</summary>
    public void Holds(IReadOnlyList<Member> held, PanicOptions options)
    {
        foreach (var set in held.GroupBy(static member => member.Key.Set))
        {
            var before = Held.Count(member => member.Key.Set == set.Key);
            if (set.Count() > before)
            {
                ReconcileLog.Panic(logger, set.Key, 100 - options.Threshold, options.Window, set.Count(), Names(set), options.Hold);
            }
        }

        foreach (var set in Held.Select(static member => member.Key.Set).Distinct().Except(held.Select(static member => member.Key.Set)))
        {
            ReconcileLog.PanicOver(logger, set);
        }

        Held = [.. held];
    }

    private static string Names(IEnumerable<Member> members)
    {
        var names = members.Select(static member => member.Key.Name).ToList();
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : string.Empty);
    }
}
