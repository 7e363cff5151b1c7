using System.Text;

namespace KamRpcDispatcher.Probe.Command;

/// <summary>Keeps the beginning of the last line that is not blank, of text that comes in pieces and may never end.</summary>
internal sealed class LastLine(int longest)
{
    /// <summary>What is read as fast as it comes. A command that prints without end waits after that most of the time, with its pipe full, instead of keeping this process busy.</summary>
    private const int MostAtOnce = 1024 * 1024;

    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(2);

    private readonly StringBuilder _line = new();
    private bool _isWhole;

    public string Text => _line.ToString().TrimEnd();

    /// <summary>Reads to the end of the text.</summary>
    public async Task ReadAsync(TextReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[16 * 1024];
        for (var read = 0L; await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var length and > 0; read += length)
        {
            Add(buffer.AsSpan(0, length));
            if (read > MostAtOnce)
            {
                await Task.Delay(Rest, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Add(ReadOnlySpan<char> piece)
    {
        foreach (var c in piece)
        {
            if (c is '\n' or '\r')
            {
                _isWhole = true;
                continue;
            }

            if (_isWhole && !char.IsWhiteSpace(c))
            {
                _line.Clear();
                _isWhole = false;
            }

            if (!_isWhole && _line.Length < longest && (_line.Length > 0 || !char.IsWhiteSpace(c)))
            {
                _line.Append(c);
            }
        }
    }
}
