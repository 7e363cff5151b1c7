using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>What a deviation is, in words that follow the member's name or a proxy's.</summary>
internal static class DeviationText
{
    private const int LongestFlags = 4;
    private const int LongestReason = 200;

    /// <summary><c>does not answer Kamailio's pings (IP, for 7s)</c>.</summary>
    public static string Of(Deviation deviation, DateTimeOffset now) => $"{What(deviation)} ({string.Join(", ", Details(deviation, now))})";

    /// <summary>The same without since when: <c>does not answer Kamailio's pings</c>.</summary>
    public static string What(Deviation deviation)
    {
        var reason = string.IsNullOrEmpty(deviation.Reason) || deviation.Kind == DeviationKind.Held ? null : SafeText.Shorten(deviation.Reason, LongestReason);
        var what = deviation.Kind switch
        {
            DeviationKind.Missing => "is not in Kamailio's list yet",
            DeviationKind.Refused => "cannot be put into Kamailio",
            DeviationKind.Inactive when reason is not null || deviation.Flags is [_, 'X', ..] => "is inactive in Kamailio's list",
            DeviationKind.Inactive => "does not answer Kamailio's pings",
            DeviationKind.Disabled => "is disabled in Kamailio's list",
            DeviationKind.Superseded => "is left out, since another name is followed at its address",
            DeviationKind.Serving => "is to get no calls and still gets them",
            DeviationKind.Leaving => "is disabled",
            DeviationKind.Held => (deviation.IsDoubted ? "went without a word, may be back in a moment," : "is gone, or not ready any more, with many others,") + " and is kept as it was" + (deviation.Flags switch
            {
                ['A' or 'T', ..] => string.Empty,
                ['I', ..] => ", without calls: Kamailio has found it dead",
                ['D', ..] => ", without calls: it was disabled",
                _ => ", without calls: it is not in Kamailio's list",
            }),
            _ => $"is not as wished: {SafeText.Shorten(deviation.Kind, 20)}",
        };
        return $"{what}{(reason is null ? string.Empty : ": " + reason)}";
    }

    /// <summary>Kamailio's flags, as they stand in its list.</summary>
    public static string? Flags(Deviation deviation) => string.IsNullOrEmpty(deviation.Flags) ? null : SafeText.Shorten(deviation.Flags, LongestFlags);

    /// <summary>What happens when its time is over.</summary>
    public static string End(Deviation deviation) => deviation.Kind switch
    {
        DeviationKind.Leaving => "removed",
        DeviationKind.Held => "let go",
        _ => "tried again",
    };

    /// <summary>What lets a member go that is held back (PANIC), by where it comes from: words before <c>lets it go</c>.</summary>
    public static string Release(ClusterView cluster) => cluster.Sources.Count == 0 ? "'kamrpc confirm'"
        : string.Join(" or ", cluster.Sources.Select(static source => SourceText.IsKubernetes(source.Name) ? "the termination of its pod"
            : SourceText.IsFile(source.Name) ? "\"state\": \"down\" in the file" : "'kamrpc confirm'").Distinct());

    private static IEnumerable<string> Details(Deviation deviation, DateTimeOffset now)
    {
        if (Flags(deviation) is { } flags)
        {
            yield return flags;
        }

        yield return "for " + Ages.Show(now - deviation.Since);
        if (deviation.Until is { } until)
        {
            yield return $"{End(deviation)} {Ages.Until(until - now)}";
        }
    }
}
