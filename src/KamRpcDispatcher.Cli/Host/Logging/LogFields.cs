using System.Collections;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>The values of an event by the names that its message gives them, each of them short.</summary>
/// <param name="state">What was logged, whose values are read when they are asked for.</param>
internal sealed class LogFields(IReadOnlyList<KeyValuePair<string, object?>> state) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <summary>Of a text, in characters.</summary>
    internal const int LongestText = 300;

    /// <summary>What the logging library calls the message before its values are put in.</summary>
    internal const string Template = "{OriginalFormat}";

    public int Count => state.Count;

    public KeyValuePair<string, object?> this[int index] => state[index] is var (name, value) && name != Template && value is not (null or ValueType)
        ? new(name, Text(value))
        : state[index];

    /// <summary>Those of an event; none where it has no names for them.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Of<TState>(TState state) =>
        state is IReadOnlyList<KeyValuePair<string, object?>> values ? values.Where(static value => value.Key != Template) : [];

    /// <summary>A value as text, in no language.</summary>
    public static string Text(object? value) =>
        SafeText.Shorten(value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString() ?? string.Empty, LongestText);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
