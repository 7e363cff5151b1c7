using System.Net;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>A connection to a SIP server, over which one request after the other is sent.</summary>
internal sealed class SipConnection(Stream stream, IPAddress address, OptionsRequest request) : IAsyncDisposable
{
    /// <summary>The longest message: more than this is no answer to OPTIONS.</summary>
    public const int LongestMessage = 64 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(LongestMessage);
    private int _filled;

    public IPAddress Address => address;

    /// <summary>Whether another request can follow: the end of the last answer is known.</summary>
    public bool IsReusable { get; private set; } = true;

    /// <summary>Sends a new request, and waits for its final answer. Provisional ones and everything else that comes are passed over.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    /// <exception cref="InvalidDataException">What came is not SIP.</exception>
    public async Task<ProbeOutcome> AskAsync(SipStatusCodes alive, CancellationToken cancellationToken)
    {
        request.Renew();
        await stream.WriteAsync(request.Text, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            if (TakeAnswer(alive) is { } outcome)
            {
                return outcome;
            }

            if (_filled == _buffer.Length)
            {
                throw new InvalidDataException($"more than {LongestMessage} bytes that are no answer");
            }

            var read = await stream.ReadAsync(_buffer.AsMemory(_filled), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException("connection closed by the server");
            }

            _filled += read;
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private ProbeOutcome? TakeAnswer(SipStatusCodes alive)
    {
        while (true)
        {
            var consumed = SipFraming.Take(_buffer.AsSpan(0, _filled), out var head);
            var outcome = head.IsEmpty ? null : SipVerdict.Of(SipMessage.Read(head), request.Branch, alive).Outcome;
            if (consumed < 0)
            {
                IsReusable = false;
                return outcome ?? throw new InvalidDataException("a message without a valid Content-Length");
            }

            var isEmpty = head.IsEmpty;
            _buffer.AsSpan(consumed.._filled).CopyTo(_buffer);
            _filled -= consumed;
            if (outcome is not null || isEmpty)
            {
                return outcome;
            }
        }
    }
}
