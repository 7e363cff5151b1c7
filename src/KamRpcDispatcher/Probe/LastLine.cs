using System.Text;

namespace KamRpcDispatcher.Probe;

/// <summary>Keeps the beginning of the last line that is not blank, of text that comes in pieces and may never end.</summary>
internal sealed class LastLine(int longest)
{
    /// <summary>What is read at most: a command that prints without end waits then, with its pipe full, instead of keeping this process busy.</summary>
    private const int MostCharacters = 1024 * 1024;

    private readonly StringBuilder _line = new();
    private bool _isWhole;

    public string Text => _line.ToString().TrimEnd();

    /// <summary>Reads to the end of the text, or as much of it as a probe may print.</summary>
    public async Task ReadAsync(TextReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[1024];
        for (var read = 0; read < MostCharacters && await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var length and > 0; read += length)
        {
            Add(buffer.AsSpan(0, length));
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
