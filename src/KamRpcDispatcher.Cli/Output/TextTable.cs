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
    private const int LongestWrapped = 1024;
    private const string Cut = "...";
    private const string Indent = "  ";

    private readonly List<Cell[]> _rows = [];

    public int Width { get; init; } = Widest;

    /// <summary>Whether the last column goes on below itself instead of being cut.</summary>
    public bool WrapsLast { get; init; }

    /// <summary>Whether columns in which nothing is said are left out.</summary>
    public bool HidesEmptyColumns { get; init; }

    /// <summary>How many of the first columns never give way: half a time or a number says something else.</summary>
    public int Firm { get; init; }

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

        var widths = Widths(columns);
        var text = new StringBuilder();
        if (HasHeader)
        {
            Append(text, [.. headers.Select(static header => new Cell(header, Tone.Heading))], columns, widths);
        }

        foreach (var row in _rows)
        {
            Append(text, row, columns, widths);
        }

        return text.ToString();
    }

    private string? Safe(Cell cell, int column) =>
        !cell.IsEmpty ? SafeText.Shorten(cell.Text!, WrapsLast && column == headers.Length - 1 ? LongestWrapped : Math.Max(Widest, Width))
        : HidesEmptyColumns ? null
        : "-";

    /// <summary>As wide as the longest cell; where that is too wide together, the last column wraps, and then the widest ones give way.</summary>
    private int[] Widths(int[] columns)
    {
        int[] widths = [.. columns.Select(column => _rows.Select(row => row[column].Text?.Length ?? 0).Append(HasHeader ? headers[column].Length : 0).Max())];
        var room = Width - Indent.Length - (Gap * (widths.Length - 1));
        var isWrapped = WrapsLast && columns[^1] == headers.Length - 1;
        if (isWrapped)
        {
            widths[^1] = Math.Min(widths[^1], Math.Max(NarrowestWrapped, room - widths[..^1].Sum()));
        }

        var yielding = isWrapped ? widths.Length - 1 : widths.Length;
        int[] soft = [.. Enumerable.Range(0, yielding).Where(index => columns[index] >= Firm)];
        while (soft.Length > 0 && widths.Sum() > room)
        {
            var widest = soft.MaxBy(column => widths[column]);
            if (widths[widest] <= 1)
            {
                break;
            }

            widths[widest]--;
        }

        return widths;
    }

    private void Append(StringBuilder text, Cell[] row, int[] columns, int[] widths)
    {
        var start = text.Append(Indent).Length;
        var below = new List<string>();
        for (var index = 0; index < columns.Length; index++)
        {
            var cell = row[columns[index]];
            var shown = cell.Text ?? string.Empty;
            var isLast = index == columns.Length - 1;
            if (isLast && WrapsLast && shown.Length > widths[index])
            {
                below.AddRange(TextLines.Of(shown, widths[index]));
                shown = below[0];
            }

            shown = Fit(shown, widths[index]);
            text.Append(Palette.Paint(shown, cell.Tone)).Append(' ', isLast ? 0 : widths[index] - shown.Length + Gap);
        }

        // Nothing to say at the end of a row leaves no blanks there.
        while (text.Length > start && text[^1] == ' ')
        {
            text.Length--;
        }

        text.Append('\n');
        var margin = Indent.Length + widths[..^1].Sum() + (Gap * (widths.Length - 1));
        foreach (var line in below.Skip(1))
        {
            text.Append(' ', margin).Append(line).Append('\n');
        }
    }

    private static string Fit(string cell, int width) =>
        cell.Length <= width ? cell : width <= Cut.Length ? cell[..width] : cell[..(width - Cut.Length)] + Cut;
}
