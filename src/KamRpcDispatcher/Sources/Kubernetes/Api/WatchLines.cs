using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>The events of a watch: one JSON object a line, until the server ends it.</summary>
/// <param name="response">Owned from here on.</param>
/// <param name="stream">Its content.</param>
/// <param name="silence">How long it may say nothing.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class WatchLines(HttpResponseMessage response, Stream stream, TimeSpan silence, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>The longest event, in bytes: a slice has 1,000 endpoints at most.</summary>
    internal const int LongestLine = 16 * 1024 * 1024;

    private readonly PipeReader _reader = PipeReader.Create(stream);

    /// <summary>The next event; null when the server has ended the watch.</summary>
    /// <exception cref="IOException">The connection is gone, or says nothing for too long.</exception>
    /// <exception cref="InvalidDataException">What came is no event.</exception>
    public async Task<WatchEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = _reader.TryRead(out var there) ? there : await MoreAsync(cancellationToken).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                var found = IsBlank(line) ? null : Parse(line);
                _reader.AdvanceTo(buffer.GetPosition(1, end));
                if (found is not null)
                {
                    return found;
                }

                continue;
            }

            if (read.IsCompleted)
            {
                // A line without an end was cut off in the middle: it is asked for again.
                _reader.AdvanceTo(buffer.End);
                return null;
            }

            if (buffer.Length > LongestLine)
            {
                throw new InvalidDataException($"an event of the watch is longer than {LongestLine} bytes");
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // What is outstanding ends with the connection.
        response.Dispose();
        await _reader.CompleteAsync().ConfigureAwait(false);
    }

    private async Task<ReadResult> MoreAsync(CancellationToken cancellationToken)
    {
        // The read itself has to end before its buffer goes.
        using var limit = new CancellationTokenSource(silence, timeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await _reader.ReadAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"the watch has said nothing for {silence.TotalSeconds:0} s, though it was to end before");
        }
    }

    private static bool IsBlank(ReadOnlySequence<byte> line) => line.IsEmpty || (line.Length == 1 && line.FirstSpan[0] == (byte)'\r');

    private static WatchEvent? Parse(ReadOnlySequence<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            return JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.WatchEvent);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"an event of the watch is no JSON that can be used ({malformed.Message})", malformed);
        }
    }
}
