namespace KamRpcDispatcher.Cli.Output;

/// <summary>Breaks a text into lines.</summary>
internal static class TextLines
{
    /// <summary>Lines of at most so many characters, broken at spaces; a longer word is broken where it has to be.</summary>
    public static IReadOnlyList<string> Of(string text, int width)
    {
        var lines = new List<string>();
        var line = string.Empty;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = string.Empty;
            }

            line = line.Length == 0 ? word : $"{line} {word}";
            for (; line.Length > width; line = line[width..])
            {
                lines.Add(line[..width]);
            }
        }

        lines.Add(line);
        return lines;
    }

    /// <summary>The same behind a head, further lines below the first.</summary>
    public static string Behind(string head, string text, int width) =>
        head + string.Join("\n" + new string(' ', head.Length), Of(text, Math.Max(1, width - head.Length))) + "\n";
}
