using System.Globalization;

namespace KamRpcDispatcher.Doctor.Observations.Calls;

/// <summary>Reads the clock that Kamailio tells in its own time zone, which on the same machine is ours as a rule.</summary>
internal static class LocalClock
{
    public static Observed<ClockReading> Read(string told, DateTimeOffset before, DateTimeOffset after) =>
        DateTime.TryParseExact(told.Trim(), "ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AllowInnerWhite, out var time)
            ? new ClockReading(before, after, new DateTimeOffset(time, TimeZoneInfo.Local.GetUtcOffset(time)))
            : Observed<ClockReading>.Not($"'{told}' is not a time such as Tue Nov 24 15:42:47 2026");
}
