using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether the algorithms in use select a destination at all, and agree with what kamrpc does to the order of destinations.</summary>
internal static class AlgorithmCheck
{
    private const string Name = "kamailio.algorithm";
    private const int AuthorizationHash = 5;

    /// <summary>Hashes over Call-ID, From, To, R-URI, the authorization's user and a variable.</summary>
    private static readonly int[] Hashes = [0, 1, 2, 3, AuthorizationHash, SelectionAlgorithm.VariableHash];

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

        var findings = OfUnfit(kamailio).ToList();
        if (findings.Count > 0)
        {
            return findings;
        }

        if (HaveOwnPriorities(kamailio))
        {
            findings.AddRange(BrokenByPriorities.Where(broken => algorithms.Contains(broken.Algorithm)).Select(static broken => Finding.Warning(Name, broken.Trouble, "kamrpc dispatch --order plain")));
        }

        var hashes = Hashes.Where(algorithms.Contains).ToList();
        if (hashes.Count > 0)
        {
            findings.Add(Finding.Ok(
                Name,
                $"algorithm {string.Join(", ", hashes)} hashes: a destination that is disabled moves its own callers only, one that is removed nearly all; start kamrpc dispatch with --removal-delay never, so that its slot waits for the next one"));
        }

        return findings.Count > 0 ? findings : [Finding.Ok(Name, algorithms.Count > 0 ? $"algorithm {string.Join(", ", algorithms.Order())}" : "no call of the script names an algorithm")];
    }

    /// <summary>Those with which every call is refused, or all go to one destination: what can be told without the list.</summary>
    public static IEnumerable<Finding> OfUnfit(KamailioObservation kamailio)
    {
        foreach (var algorithm in Algorithms.Of(kamailio))
        {
            if (SelectionAlgorithm.WhyUnknown(algorithm, kamailio.Version.Try(out var version, out _) ? version : null) is { } unknown)
            {
                yield return Finding.Error(Name, unknown, IsSnippets(algorithm, kamailio) ? "#!define KAMRPC_ALG \"4\", or another that Kamailio has" : "one that Kamailio has, such as \"4\"");
            }
            else if (algorithm == SelectionAlgorithm.VariableHash)
            {
                var hasVariable = kamailio.Config.Try(out var config, out var trouble) ? SelectionAlgorithm.HasVariable(config) : null;
                if (hasVariable is false)
                {
                    yield return Finding.Error(Name, SelectionAlgorithm.NoVariable, SelectionAlgorithm.SetVariable);
                }
                else if (hasVariable is null)
                {
                    const string Unsaid = "algorithm 7 hashes over hash_pvar of dispatcher: whether that is set is not known";
                    yield return Finding.Unknown(Name, trouble is null ? Unsaid : trouble with { Text = $"{Unsaid}: {trouble}" }, "--kamailio-cfg FILE");
                }
            }
        }
    }

    private static bool IsSnippets(int algorithm, KamailioObservation kamailio) => kamailio.Algorithm is { } text && SelectionAlgorithm.TryParse(text, out var own) && own == algorithm;

    /// <summary>Whether destinations of kamrpc's have priorities that no operator gives: with <c>--order plain</c> they have none. With no destination the default is assumed.</summary>
    private static bool HaveOwnPriorities(KamailioObservation kamailio)
    {
        IReadOnlyList<DispatcherDestination> list = kamailio.List.Try(out var reply, out _) ? reply.Destinations : [];
        var own = list.Where(Ownership.IsOurs).ToList();
        return own.Count == 0 || own.Exists(static destination => destination.Priority > MemberValidation.MaxPriority);
    }
}
