using System.Text;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>
/// Standard error where it leads to systemd's journal: each line has a priority before it (sd-daemon(3)), as those of the log have. What is told
/// outside of the log ends a command, or warns.
/// </summary>
internal sealed class JournalLines(TextWriter inner) : TextWriter
{
    private const string Error = "<3>";
    private const string Warning = "<4>";
    private const string WarningBegin = "kamrpc: warning:";

    private bool _isWithinLine;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void WriteLine(string? value) => Write(value + Environment.NewLine);

    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        var lines = value.Split('\n');
        var text = new StringBuilder(_isWithinLine ? null : Priority(lines[0])).Append(lines[0]);
        foreach (var line in lines.Skip(1))
        {
            text.Append('\n').Append(Priority(line)).Append(line);
        }

        _isWithinLine = lines[^1].Length > 0;
        inner.Write(text.ToString());
    }

    public override void Flush() => inner.Flush();

    /// <summary>The log's own lines have theirs already.</summary>
    private static string? Priority(string line) =>
        line.Length == 0 || line is ['<', >= '0' and <= '7', '>', ..] ? null : line.StartsWith(WarningBegin, StringComparison.Ordinal) ? Warning : Error;
}
