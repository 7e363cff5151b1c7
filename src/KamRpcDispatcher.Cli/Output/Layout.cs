namespace KamRpcDispatcher.Cli.Output;

/// <summary>How an answer for people is laid out.</summary>
/// <param name="Width">At most so many columns.</param>
/// <param name="Palette">With or without colours.</param>
internal sealed record Layout(int Width, Palette Palette)
{
    /// <summary>For wherever the answer goes.</summary>
    public static Layout OfOutput() => new(Terminal.Width, Terminal.Palette);

    public TextTable Table(params string[] headers) => new(headers) { Width = Width, Palette = Palette };

    /// <summary>The same without a header: the cells say what they are.</summary>
    public TextTable Rows(params string[] columns) => new(columns) { Width = Width, Palette = Palette, WrapsLast = true, HidesEmptyColumns = true, HasHeader = false };

    /// <summary>A table whose last column is a sentence, and whose columns are there only where they say something.</summary>
    public TextTable Sentences(params string[] headers) => Sentences(0, headers);

    /// <summary>The same with columns that are never cut.</summary>
    /// <param name="firm">So many of the first.</param>
    /// <param name="headers">All of them.</param>
    public TextTable Sentences(int firm, params string[] headers) => new(headers) { Width = Width, Palette = Palette, WrapsLast = true, HidesEmptyColumns = true, Firm = firm };
}
