using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether members can be read where the dispatcher at work here takes them from, beside etcd: while they cannot, nobody comes and nobody leaves.</summary>
internal static class SourcesCheck
{
    private const string Name = "kamailio.sources";
    private const int LongestName = 200;
    private const int LongestReason = 400;

    public static Finding Of(EtcdObservation here)
    {
        // That etcd is away its own checks tell.
        var away = here.Sources.Where(static source => source.AwaySince is not null && !source.Name.StartsWith(ReportedSource.Etcd, StringComparison.Ordinal)).ToList();
        return here.Sources.Count == 0 ? Finding.Ok(Name, "nothing beside etcd that members would come from is seen")
            : away.Count == 0 ? Finding.Ok(Name, $"members come from {string.Join(", ", here.Sources.Select(static source => SafeText.Shorten(source.Name, LongestName)))}, which can be read")
            : Finding.Error(Name, Wording.List([.. away.Select(source => Text(source, here.ReadAt))]), "what it says; until then who is added or taken out there is not followed");
    }

    /// <summary>The same of another proxy, by its report.</summary>
    public static string Text(MemberSource source, DateTimeOffset now) => FormattableString.Invariant(
        $"{SafeText.Shorten(source.Name, LongestName)} cannot be read for {Math.Max(0, (now - source.AwaySince!.Value).TotalSeconds):0} s, and its members stay as they were ({SafeText.Shorten(source.Reason ?? "it is not said why", LongestReason)})");
}
