using System.Text;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>What a program that has asked for JSON or YAML reads of a command that has failed and has no other answer: what people read on standard error.</summary>
internal sealed class ErrorAnswer
{
    private const int MostLines = 50;
    private const string Prefix = "kamrpc: ";

    /// <summary>What is no reason.</summary>
    private static readonly string[] Left = ["warning: ", "waits for "];

    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = [];
    private volatile bool _isAnswered;

    private ErrorAnswer()
    {
    }

    /// <summary>From here on what is written is noted.</summary>
    public static ErrorAnswer Begin()
    {
        var answer = new ErrorAnswer();
        Console.SetOut(new Noting(Console.Out, _ => answer._isAnswered = true, isWhole: false));
        Console.SetError(new Noting(Console.Error, answer.Note, isWhole: true));
        return answer;
    }

    /// <summary>Writes it, unless there is an answer.</summary>
    /// <param name="exitCode">That of the command.</param>
    /// <param name="format">What was asked for.</param>
    public void Tell(int exitCode, OutputFormat format)
    {
        if (format != OutputFormat.Table && !_isAnswered && exitCode is not (ExitCode.Done or ExitCode.Changes))
        {
            Console.Out.Write(Answer.In(format, () => ToJson(exitCode), static () => string.Empty));
        }
    }

    private string ToJson(int exitCode) => JsonText.Write(writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteNumber("exit", exitCode);
        lock (_lock)
        {
            JsonText.WriteTexts(writer, "messages", _lines);
        }

        writer.WriteEndObject();
    });

    private void Note(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal) || Array.Exists(Left, line[Prefix.Length..].StartsWith))
        {
            return;
        }

        lock (_lock)
        {
            _lines.Enqueue(line[Prefix.Length..]);
            if (_lines.Count > MostLines)
            {
                _lines.Dequeue();
            }
        }
    }

    /// <param name="inner">Where it goes.</param>
    /// <param name="note">Told what is written.</param>
    /// <param name="isWhole">Whether whole lines count alone.</param>
    private sealed class Noting(TextWriter inner, Action<string> note, bool isWhole) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(string? value)
        {
            if (!isWhole && !string.IsNullOrEmpty(value))
            {
                note(value);
            }

            inner.Write(value);
        }

        public override void WriteLine(string? value)
        {
            note(value ?? string.Empty);
            inner.WriteLine(value);
        }

        public override void Flush() => inner.Flush();
    }
}
