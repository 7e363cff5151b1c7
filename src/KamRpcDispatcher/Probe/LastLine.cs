using System.Text;

namespace KamRpcDispatcher.Probe;

/// <summary>Keeps the beginning of the last line that is not blank, of text that comes in pieces and may never end.</summary>
internal sealed class LastLine(int longest)
{
    private readonly StringBuilder _line = new();
    private bool _isWhole;

    public string Text => _line.ToString().TrimEnd();

    /// <summary>Reads to the end of the text.</summary>
    public async Task ReadAsync(TextReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[1024];
        while (await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var length and > 0)
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
