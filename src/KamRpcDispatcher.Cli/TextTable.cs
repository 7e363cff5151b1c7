using System.Text;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli;

/// <summary>Aligned columns of plain text, at most 120 characters wide; every cell is made safe to print.</summary>
internal sealed class TextTable(params string[] headers)
{
    private const int Widest = 120;
    private const int Gap = 2;
    private const string Cut = "...";
    private const string Indent = "  ";

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; null is nothing to say.</summary>
    public void Add(params string?[] cells) =>
        _rows.Add([.. cells.Select(static cell => string.IsNullOrEmpty(cell) ? "-" : MemberRules.Shorten(cell, Widest))]);

    public override string ToString()
    {
        var widths = Widths();
        var text = new StringBuilder();
        foreach (var row in _rows.Prepend(headers))
        {
            var line = string.Concat(row.Select((cell, column) => Fit(cell, widths[column]).PadRight(widths[column] + Gap)));
            text.Append(Indent).Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>As wide as the longest cell; where that is too wide together, the widest columns give way.</summary>
    private int[] Widths()
    {
        int[] widths = [.. headers.Select((header, column) => _rows.Select(row => row[column].Length).Append(header.Length).Max())];
        while (Indent.Length + widths.Sum() + (Gap * (widths.Length - 1)) > Widest)
        {
            widths[Array.IndexOf(widths, widths.Max())]--;
        }

        return widths;
    }

    private static string Fit(string cell, int width) => cell.Length <= width ? cell : cell[..(width - Cut.Length)] + Cut;
}
