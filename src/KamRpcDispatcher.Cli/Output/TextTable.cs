using System.Text;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>A cell of a table; null or empty is nothing to say.</summary>
internal readonly record struct Cell(string? Text, Tone Tone = Tone.Plain)
{
    public bool IsEmpty => string.IsNullOrEmpty(Text);

    public static implicit operator Cell(string? text) => new(text);
}

/// <summary>Aligned columns of plain text; every cell is made safe to print.</summary>
internal sealed class TextTable(params string[] headers)
{
    /// <summary>Where nobody says how wide the output is.</summary>
    public const int Widest = 120;

    private const int Gap = 2;
    private const int NarrowestWrapped = 24;
    private const int NarrowestBroken = 10;
    private const int LongestWrapped = 1024;
    private const string Cut = "...";
    private const string Indent = "  ";
    private const string Below = "      ";

    private readonly List<Cell[]> _rows = [];

    public int Width { get; init; } = Widest;

    /// <summary>Whether the last column goes on below itself instead of being cut.</summary>
    public bool WrapsLast { get; init; }

    /// <summary>Whether columns in which nothing is said are left out.</summary>
    public bool HidesEmptyColumns { get; init; }

    /// <summary>Columns that go on below themselves where there is no room; where any is named no cell of the table is cut.</summary>
    public IReadOnlyCollection<string> Wraps { get; init; } = [];

    /// <summary>Columns that say least, left out where there is no room for all: each of these is tried in turn. Where none is enough the last column begins below its row.</summary>
    public IReadOnlyList<IReadOnlyCollection<string>> LeavesOut { get; init; } = [];

    public bool HasHeader { get; init; } = true;

    public Palette Palette { get; init; } = Palette.None;

    public int Count => _rows.Count;

    /// <summary>Adds a row; null is nothing to say.</summary>
    public void Add(params Cell[] cells) => _rows.Add([.. cells.Select((cell, column) => cell with { Text = Safe(cell, column) })]);

    public override string ToString()
    {
        int[] columns = [.. Enumerable.Range(0, headers.Length).Where(column => !HidesEmptyColumns || _rows.Exists(row => !row[column].IsEmpty))];
        if (columns.Length == 0)
        {
            return string.Empty;
        }

        var isLastBelow = false;
        if (Wraps.Count > 0)
        {
            (columns, isLastBelow) = Fitting(columns);
        }

        var widths = Widths(columns);
        var text = new StringBuilder();
        if (HasHeader)
        {
            Append(text, [.. headers.Select(static header => new Cell(header, Tone.Heading))], columns, widths);
        }

        foreach (var row in _rows)
        {
            Append(text, row, columns, widths);
            if (isLastBelow && row[^1] is { IsEmpty: false } last)
            {
                text.Append(TextLines.Behind(Below, last.Text!, Width));
            }
        }

        return text.ToString();
    }

    /// <summary>The columns that are shown, and whether the last one is shown below each row instead of beside it.</summary>
    private (int[] Columns, bool IsLastBelow) Fitting(int[] all)
    {
        var shown = all;
        foreach (var left in LeavesOut.Prepend<IReadOnlyCollection<string>>([]))
        {
            shown = [.. all.Where(column => !left.Contains(headers[column]))];
            if (shown.Sum(column => Least(column) + Gap) - Gap + Indent.Length <= Width)
            {
                return (shown, false);
            }
        }

        return WrapsLast && shown.Length > 1 && shown[^1] == headers.Length - 1 ? (shown[..^1], true) : (shown, false);
    }

    private int Natural(int column) => _rows.Select(row => row[column].Text?.Length ?? 0).Append(HasHeader ? headers[column].Length : 0).Max();

    /// <summary>As narrow as a column may become without a word being broken, or cut.</summary>
    private int Least(int column)
    {
        var natural = Natural(column);
        return WrapsLast && column == headers.Length - 1 ? Math.Min(natural, NarrowestWrapped)
            : !Wraps.Contains(headers[column]) ? natural
            : Math.Min(natural, Math.Max(HasHeader ? headers[column].Length : 1, Math.Min(NarrowestWrapped, _rows.SelectMany(row => (row[column].Text ?? string.Empty).Split(' ')).Select(static word => word.Length).DefaultIfEmpty(1).Max())));
    }

    /// <summary>Half a number says something else.</summary>
    private bool HasNumbers(int column) => _rows.TrueForAll(row => row[column] is { IsEmpty: true } or { Text: "-" } || (char.IsAsciiDigit(row[column].Text![0]) && row[column].Text!.All(static one => char.IsAsciiDigit(one) || one is '.' or ',' or '/' or '%' or ' ')));

    private string? Safe(Cell cell, int column) =>
        !cell.IsEmpty ? SafeText.Shorten(cell.Text!, WrapsLast && column == headers.Length - 1 ? LongestWrapped : Math.Max(Widest, Width))
        : HidesEmptyColumns ? null
        : "-";

    /// <summary>As wide as the longest cell; where that is too wide together, the last column wraps, and then the widest ones give way.</summary>
    private int[] Widths(int[] columns)
    {
        int[] widths = [.. columns.Select(Natural)];
        var room = Width - Indent.Length - (Gap * (widths.Length - 1));
        var isWrapped = WrapsLast && columns[^1] == headers.Length - 1;
        if (isWrapped)
        {
            widths[^1] = Math.Min(widths[^1], Math.Max(NarrowestWrapped, room - widths[..^1].Sum()));
        }

        // The last one has given way where it wraps.
        var yielding = isWrapped ? columns[..^1] : columns;
        Shrink(widths, room, [.. yielding.Select(column => Wraps.Count > 0 ? Least(column) : HasNumbers(column) ? _rows.Select(row => row[column].Text?.Length ?? 0).DefaultIfEmpty(1).Max() : 1)]);

        // A long word is broken before a line is wider than the terminal.
        Shrink(widths, room, [.. yielding.Select(column => Wraps.Contains(headers[column]) ? NarrowestBroken : int.MaxValue)]);
        return widths;
    }

    /// <summary>Takes from the first columns, from the widest by turns, as long as there is no room and one is wider than it may become.</summary>
    private static void Shrink(int[] widths, int room, int[] least)
    {
        for (var excess = widths.Sum() - room; excess > 0; excess--)
        {
            int[] soft = [.. Enumerable.Range(0, least.Length).Where(index => widths[index] > least[index])];
            if (soft.Length == 0)
            {
                return;
            }

            widths[soft.MaxBy(index => widths[index])]--;
        }
    }

    private void Append(StringBuilder text, Cell[] row, int[] columns, int[] widths)
    {
        List<IReadOnlyList<string>> cells = [.. columns.Select((column, index) => Lines(row[column].Text ?? string.Empty, column, widths[index]))];
        for (var line = 0; line < cells.Max(static cell => cell.Count); line++)
        {
            var start = text.Append(Indent).Length;
            for (var index = 0; index < columns.Length; index++)
            {
                var shown = line < cells[index].Count ? cells[index][line] : string.Empty;
                text.Append(line == 0 ? Palette.Paint(shown, row[columns[index]].Tone) : shown).Append(' ', index == columns.Length - 1 ? 0 : widths[index] - shown.Length + Gap);
            }

            // Nothing to say at the end of a row leaves no blanks there.
            while (text.Length > start && text[^1] == ' ')
            {
                text.Length--;
            }

            text.Append('\n');
        }
    }

    private IReadOnlyList<string> Lines(string cell, int column, int width) => cell.Length > width && IsWrapped(column) ? TextLines.Of(cell, width) : [Fit(cell, width)];

    private bool IsWrapped(int column) => Wraps.Contains(headers[column]) || (WrapsLast && column == headers.Length - 1);

    private static string Fit(string cell, int width) =>
        cell.Length <= width ? cell : width <= Cut.Length ? cell[..width] : cell[..(width - Cut.Length)] + Cut;
}
