namespace KamRpcDispatcher.Cli.Help;

/// <summary>Text in lines that a screen of 80 columns holds.</summary>
internal static class WrappedText
{
    public const int Columns = 80;

    /// <summary>A name, and beside it what it means, from a column on.</summary>
    public static IEnumerable<string> Entry(string name, string text, int column)
    {
        var first = $"  {name}".PadRight(column);
        var isBeside = first.Length == column && first[^1] == ' ';
        if (!isBeside)
        {
            yield return first;
        }

        foreach (var line in Lines(text, Columns - column))
        {
            yield return (isBeside ? first : new string(' ', column)) + line;
            isBeside = false;
        }
    }

    /// <summary>Lines of a width; a word that is longer has one of its own.</summary>
    public static IEnumerable<string> Lines(string text, int width)
    {
        var line = string.Empty;
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }
}
