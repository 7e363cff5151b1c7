using System.Text;

namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>Reads lines and messages, of bounded length: whoever sends more is not believed to be Asterisk.</summary>
/// <param name="stream">From where.</param>
/// <param name="time">Paces a peer that never pauses.</param>
internal sealed class AmiReader(Stream stream, TimeProvider time)
{
    /// <summary>In bytes, with its end. Asterisk's longest values, the arguments of an application, have some 8 KiB.</summary>
    public const int MaxLine = 16 * 1024;

    /// <summary>In characters.</summary>
    public const int MaxMessage = 64 * 1024;

    private const int MaxLines = 1024;

    /// <summary>What a reading costs that brings next to nothing, in bytes.</summary>
    private const int LeastCost = 64;

    private readonly byte[] _buffer = new byte[MaxLine];
    private readonly ByteBudget _budget = new(time);
    private int _start;
    private int _end;

    /// <returns>Null at the end of the stream.</returns>
    /// <exception cref="AmiProtocolException">It is too long.</exception>
    public async ValueTask<AmiMessage?> ReadMessageAsync(CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var (length, lines) = (0, 0);
        while (await ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
            {
                // Errors of some actions end with one blank line too many (CoreShowChannelMap).
                if (fields.Count > 0)
                {
                    return new AmiMessage(fields);
                }

                continue;
            }

            length += line.Length;
            if (length > MaxMessage || ++lines > MaxLines)
            {
                throw new AmiProtocolException($"A message has more than {MaxMessage} characters or {MaxLines} lines.");
            }

            // The first of several wins: none that is read comes twice. What is no named value is not read either.
            if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
            {
                fields.TryAdd(line[..colon], line[(colon + 1)..].Trim());
            }
        }

        return null;
    }

    /// <returns>Without its end; null at the end of the stream.</returns>
    /// <exception cref="AmiProtocolException">It is too long.</exception>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = Encoding.UTF8.GetString(_buffer, _start, searched + found);
                _start += searched + found + 1;
                return line.EndsWith('\r') ? line[..^1] : line;
            }

            searched = _end - _start;
            if (searched == _buffer.Length)
            {
                throw new AmiProtocolException($"A line has more than {MaxLine} bytes.");
            }

            _buffer.AsSpan(_start, searched).CopyTo(_buffer);
            (_start, _end) = (0, searched);
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return null;
            }

            _end += count;
            if (_budget.Take(Math.Max(count, LeastCost)) is var pause && pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
