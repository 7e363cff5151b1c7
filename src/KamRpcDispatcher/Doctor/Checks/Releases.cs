using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>What a release of Kamailio does differently, as far as it matters to the checks.</summary>
internal static class Releases
{
    /// <summary>
    /// Whether it counts the readers of the table (6.2). Whoever keeps a reference then stops every later change; and with
    /// <c>ds_load_mode=1</c> a refused <c>dispatcher.add</c> keeps one.
    /// </summary>
    public static bool HasCountedTable(KamailioObservation kamailio) =>
        kamailio.Version.Try(out var version, out _) && (version.Major, version.Minor).CompareTo((6, 2)) >= 0;
}
