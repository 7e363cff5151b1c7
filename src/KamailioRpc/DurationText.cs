using System.Globalization;

namespace KamailioRpc;

/// <summary>A duration as people write it: <c>500ms</c>, <c>1.5s</c>, <c>10s</c>, <c>2m</c>, <c>1m30s</c>, <c>3h5m</c>, <c>2d4h</c>. Two units at most.</summary>
/// <param name="Value">The duration.</param>
public readonly record struct DurationText(TimeSpan Value)
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(0.01);

    /// <summary>From here on days are told: of a day and a half people speak in hours.</summary>
    private static readonly TimeSpan ManyHours = TimeSpan.FromHours(48);

    /// <summary>So that a message's parameter takes a duration as it is.</summary>
    public static implicit operator DurationText(TimeSpan value) => new(value);

    /// <summary>A duration as people write it.</summary>
    public static string Of(TimeSpan value) => new DurationText(value).ToString();

    /// <summary>As people write it: <c>1.5s</c>.</summary>
    public override string ToString() =>
        Value == Timeout.InfiniteTimeSpan ? "for ever"
        : Value < TimeSpan.Zero ? "-" + Positive(Value.Negate())
        : Positive(Value);

    private static string Positive(TimeSpan value)
    {
        // What is rounded up to the next unit is told in that one: 60 s are a minute.
        if (value == TimeSpan.Zero)
        {
            return "0s";
        }

        if (value < TimeSpan.FromMilliseconds(1))
        {
            return Text($"{(value < Moment ? Moment : value).TotalMilliseconds:0.##}ms");
        }

        if (Math.Round(value.TotalMilliseconds) < 1000)
        {
            return Text($"{value.TotalMilliseconds:0}ms");
        }

        if (Math.Round(value.TotalSeconds, 1) < 60)
        {
            return Text($"{value.TotalSeconds:0.#}s");
        }

        if (Math.Round(value.TotalSeconds) < 3600)
        {
            return Pair((long)Math.Round(value.TotalSeconds), 60, "m", "s");
        }

        return value < ManyHours ? Pair((long)Math.Round(value.TotalMinutes), 60, "h", "m") : Pair((long)Math.Round(value.TotalHours), 24, "d", "h");
    }

    private static string Pair(long count, int size, string large, string small) =>
        Text($"{count / size}{large}") + (count % size == 0 ? string.Empty : Text($"{count % size}{small}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
