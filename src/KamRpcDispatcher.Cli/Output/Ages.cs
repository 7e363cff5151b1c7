using System.Globalization;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Durations and numbers as people read them.</summary>
internal static class Ages
{
    /// <summary>In its largest unit: <c>12s</c>, <c>5m</c>, <c>3h</c>, <c>2d</c>. What is not over yet by another clock is <c>0s</c>.</summary>
    public static string Show(TimeSpan duration) => duration switch
    {
        { TotalDays: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalDays}d"),
        { TotalHours: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalHours}h"),
        { TotalMinutes: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalMinutes}m"),
        _ => FormattableString.Invariant($"{(long)Math.Max(0, duration.TotalSeconds)}s"),
    };

    /// <summary><c>in 12s</c>, or <c>due</c>.</summary>
    public static string Until(TimeSpan duration) => duration > TimeSpan.Zero ? "in " + Show(duration) : "due";

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary><c>1 record</c>, <c>2 records</c>.</summary>
    public static string Count(long number, string what) => FormattableString.Invariant($"{number} {what}{(number == 1 ? string.Empty : "s")}");
}
