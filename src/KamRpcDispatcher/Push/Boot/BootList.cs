using System.Globalization;
using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>
/// The text of the list that Kamailio loads at a start or a reload: the operator's own lines as they stand, and ours, below a line that says so. Ours are known by the mark in their
/// attributes, wherever they stand. Bytes are characters here (Latin-1): what somebody else wrote is kept whatever its encoding.
/// </summary>
/// <remarks>A line is <c>SET URI FLAGS PRIORITY ATTRIBUTES</c>, between white space, and ends after 1,023 bytes: Kamailio takes what follows for another line, and a bad one ends the loading.</remarks>
internal static class BootList
{
    /// <summary>Of a line of ours.</summary>
    private const int MostBytes = 1000;

    /// <summary>Puts the entries of ours in the place of those that stand there.</summary>
    /// <param name="text">What stands there.</param>
    /// <param name="entries">Kamailio's list; what is not ours in it is left out.</param>
    /// <param name="cluster">Our mark.</param>
    public static BootListText Compose(string text, IEnumerable<ListedDestination> entries, string cluster)
    {
        var own = new StringBuilder(Head(cluster)).Append(" for the next start of Kamailio: your own may stand above.\n");
        var leftOut = new List<ListedDestination>();
        var count = 0;
        foreach (var entry in entries.Where(entry => AttributeText.IsOwn(entry, cluster) && !Sentinel.Is(entry))
            .DistinctBy(static entry => (entry.Set, entry.Uri))
            .OrderBy(static entry => entry.Set).ThenByDescending(static entry => entry.Priority).ThenBy(static entry => entry.Uri, StringComparer.Ordinal))
        {
            if (Line(entry) is not { } line)
            {
                leftOut.Add(entry);
                continue;
            }

            own.Append(line).Append('\n');
            count++;
        }

        // Where ours stand already, so that two who keep a part of one file each leave that of the other where it is.
        var (above, below, isBelow) = (new StringBuilder(), new StringBuilder(), false);
        foreach (var line in Lines(text))
        {
            if (IsOwn(line, cluster))
            {
                isBelow = true;
            }
            else
            {
                (isBelow ? below : above).Append(line);
            }
        }

        if (above.Length > 0 && above[^1] != '\n')
        {
            above.Append('\n');
        }

        var ours = own.ToString();
        return new BootListText(above.Append(ours).Append(below).ToString(), ours, count, leftOut);
    }

    /// <summary>Our lines in a text, as they stand there.</summary>
    public static string Own(string text, string cluster) => string.Concat(Lines(text).Where(line => IsOwn(line, cluster)));

    /// <summary>The operator's destinations in a text, as Kamailio reads them.</summary>
    public static IReadOnlyList<BootListLine> Others(string text, string cluster) =>
        [.. Lines(text).Select(Parse).OfType<BootListLine>().Where(line => !AttributeText.IsOwn(line.Attributes, cluster))];

    /// <summary>The number of the first line that keeps Kamailio from loading any, and from starting; null for none.</summary>
    public static int? BadLine(string text) => Lines(text).Select(static (line, index) => (Line: Parse(line), Number: index + 1)).FirstOrDefault(static line => line.Line is { IsBad: true }) is { Number: > 0 and var number } ? number : null;

    /// <summary>The line of a destination; null where it cannot be one.</summary>
    private static string? Line(ListedDestination entry)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{entry.Set} {entry.Uri} {Flags(entry)} {entry.Priority} {entry.Attributes}");
        var bytes = Encoding.UTF8.GetBytes(line);
        return bytes.Length <= MostBytes && entry.Priority >= 0 && !entry.Uri.Contains('#', StringComparison.Ordinal) && !(entry.Uri + entry.Attributes).Any(static c => char.IsWhiteSpace(c) || char.IsControl(c))
            ? Encoding.Latin1.GetString(bytes)
            : null;
    }

    /// <summary>
    /// With which flags it starts so that it goes on as it is: who is to get no calls is disabled, whom Kamailio found dead waits for his first good reply. A name is not
    /// resolved then: one that does not resolve would be left out, or keep Kamailio from starting.
    /// </summary>
    private static int Flags(ListedDestination entry) =>
        (entry.State == ListedState.Disabled ? DestinationFlags.Disabled : DestinationFlags.Probed(entry.State)) | (HostName.In(entry.Uri) is null ? 0 : DestinationFlags.NoDns);

    private static string Head(string cluster) => $"{ListFileUse.Head} (cluster {cluster}),";

    private static bool IsOwn(string line, string cluster) =>
        line.StartsWith(Head(cluster), StringComparison.Ordinal) || (Parse(line) is { } parsed && AttributeText.IsOwn(parsed.Attributes, cluster));

    private static IEnumerable<string> Lines(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) is var found and >= 0 ? found + 1 : text.Length;
            yield return text[at..end];
            at = end;
        }
    }

    /// <summary>Null for one without a destination: empty, or a comment.</summary>
    private static BootListLine? Parse(string line)
    {
        var rest = line.AsSpan().TrimStart(" \t\r\n");
        if (rest.IsEmpty || rest[0] == '#')
        {
            return null;
        }

        var set = Number(ref rest);
        var uri = Word(ref rest, " \t\r\n#");
        var flags = Number(ref rest);
        var priority = Number(ref rest);
        return new BootListLine(set, uri, flags, priority, rest is ['#', ..] ? string.Empty : Word(ref rest, " \t\r\n"));
    }

    private static int Number(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAnyExceptInRange('0', '9') is var found and >= 0 ? found : rest.Length;
        _ = int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        rest = rest[end..].TrimStart(" \t\r\n");
        return number;
    }

    private static string Word(ref ReadOnlySpan<char> rest, ReadOnlySpan<char> ends)
    {
        var end = rest.IndexOfAny(ends) is var found and >= 0 ? found : rest.Length;
        var word = rest[..end].ToString();
        rest = rest[end..].TrimStart(" \t\r\n");
        return word;
    }
}

/// <summary>What is to stand in the file.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="Own">Our lines in it.</param>
/// <param name="Count">How many destinations of ours it has.</param>
/// <param name="LeftOut">Those of ours that no line can hold: longer than Kamailio reads, or with white space.</param>
internal sealed record BootListText(string Text, string Own, int Count, IReadOnlyList<ListedDestination> LeftOut);

/// <summary>A line of the file, as Kamailio reads it.</summary>
internal sealed record BootListLine(int Set, string Uri, int Flags, int Priority, string Attributes)
{
    /// <summary>Whether it names nobody: Kamailio loads nothing of a list with such a line, and does not start.</summary>
    public bool IsBad => Uri.Length == 0;

    /// <summary>Whether a reload leaves a destination as it is listed.</summary>
    public bool IsAs(ListedDestination entry) =>
        (Set, Uri, Priority, Attributes, (Flags & DestinationFlags.Probing) != 0) == (entry.Set, entry.Uri, entry.Priority, entry.Attributes, entry.Probing)
        && (DestinationFlags.StateOf(Flags) == entry.State || (entry.IsRoutable && (entry with { State = DestinationFlags.StateOf(Flags) }).IsRoutable));
}
