using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether the algorithms in use agree with what kamrpc does to the order of destinations.</summary>
internal static class AlgorithmCheck
{
    private const string Name = "kamailio.algorithm";
    private const int AuthorizationHash = 5;

    /// <summary>Hashes over Call-ID, From, To, R-URI, the authorization's user and a variable.</summary>
    private static readonly int[] Hashes = [0, 1, 2, 3, AuthorizationHash, 7];

    private static readonly (int Algorithm, string Trouble)[] BrokenByPriorities =
    [
        (13, "algorithm 13 (latency) never finds a destination slow: its handicap is far below priorities as large as kamrpc's"),
        (14, "algorithm 14 (round robin or serial) takes turns only among destinations of one priority, and kamrpc gives each its own"),
        (15, "algorithm 15 (priority, then weight) gives every call to the one destination with the lowest priority, and kamrpc gives each its own"),
    ];

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        var algorithms = Algorithms.Of(kamailio);
        if (algorithms.Count == 0 && !kamailio.Config.Try(out _, out var trouble))
        {
            return [Finding.Unknown(Name, trouble, "--kamailio-cfg FILE")];
        }

        var findings = HaveOwnPriorities(kamailio)
            ? BrokenByPriorities.Where(broken => algorithms.Contains(broken.Algorithm)).Select(static broken => Finding.Warning(Name, broken.Trouble, "kamrpc dispatch --order plain")).ToList()
            : [];
        var hashes = Hashes.Where(algorithms.Contains).ToList();
        if (hashes.Count > 0)
        {
            findings.Add(Finding.Ok(
                Name,
                $"algorithm {string.Join(", ", hashes)} hashes: a destination that is disabled moves its own callers only, one that is removed nearly all; start kamrpc dispatch with --removal-delay never, so that its slot waits for the next one"));
        }

        return findings.Count > 0 ? findings : [Finding.Ok(Name, algorithms.Count > 0 ? $"algorithm {string.Join(", ", algorithms.Order())}" : "no call of the script names an algorithm")];
    }

    /// <summary>Whether destinations of kamrpc's have priorities that no operator gives: with <c>--order plain</c> they have none. With no destination the default is assumed.</summary>
    private static bool HaveOwnPriorities(KamailioObservation kamailio)
    {
        IReadOnlyList<DispatcherDestination> list = kamailio.List.Try(out var reply, out _) ? reply.Destinations : [];
        var own = list.Where(Ownership.IsOurs).ToList();
        return own.Count == 0 || own.Exists(static destination => destination.Priority > MemberRules.MaxPriority);
    }
}
