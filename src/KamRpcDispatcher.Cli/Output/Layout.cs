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

    /// <summary>The same with columns that go on below themselves: then nothing is cut.</summary>
    /// <param name="wraps">Those.</param>
    /// <param name="columns">All of them.</param>
    public TextTable Rows(IReadOnlyCollection<string> wraps, params string[] columns) => new(columns) { Width = Width, Palette = Palette, WrapsLast = true, HidesEmptyColumns = true, HasHeader = false, Wraps = wraps };

    /// <summary>A table whose last column is a sentence, and whose columns are there only where they say something.</summary>
    public TextTable Sentences(params string[] headers) => new(headers) { Width = Width, Palette = Palette, WrapsLast = true, HidesEmptyColumns = true };

    /// <summary>The same where nothing is cut: some columns go on below themselves, and some are left out where there is no room.</summary>
    /// <param name="wraps">The former.</param>
    /// <param name="leavesOut">The latter, one after another.</param>
    /// <param name="headers">All of them.</param>
    public TextTable Whole(IReadOnlyCollection<string> wraps, IReadOnlyList<IReadOnlyCollection<string>> leavesOut, params string[] headers) =>
        new(headers) { Width = Width, Palette = Palette, WrapsLast = true, HidesEmptyColumns = true, Wraps = wraps, LeavesOut = leavesOut };
}
