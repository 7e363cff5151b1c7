using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KamailioRpc;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>A connection to AMI: actions with their answers, one at a time, and events in between.</summary>
/// <param name="address">Where to.</param>
/// <param name="onEvent">Gets each event, on the thread that reads; it must not wait.</param>
/// <param name="time">Measures how long an answer takes.</param>
internal sealed class AmiConnection(AmiAddress address, Action<AmiMessage> onEvent, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan CallTime = TimeSpan.FromSeconds(2);

    private const string Greeting = "Asterisk Call Manager";

    private readonly SemaphoreSlim _oneCall = new(1);
    private readonly TaskCompletionSource<AmiException> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NetworkStream? _stream;
    private Task _reading = Task.CompletedTask;
    private volatile AmiCall? _call;
    private int _lastId;

    /// <summary>Completes when the connection has ended, with the reason.</summary>
    public Task<AmiException> Closed => _closed.Task;

    /// <summary>Connects and takes the greeting.</summary>
    /// <exception cref="AmiUnreachableException">Nobody listens.</exception>
    /// <exception cref="AmiProtocolException">It is not AMI that listens.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            _stream = new NetworkStream(await NameResolver.Shared.ConnectAsync(address.Host, address.Port, cancellationToken).ConfigureAwait(false), ownsSocket: true);
            var reader = new AmiReader(_stream, time);
            var greeting = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false)
                ?? throw new AmiUnreachableException(address, "it closed the connection at once");
            if (!greeting.StartsWith(Greeting, StringComparison.Ordinal))
            {
                throw new AmiProtocolException($"What listens on {address} is not Asterisk's manager interface: it says '{SafeText.Shorten(greeting)}'");
            }

            _reading = ReadAsync(reader);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            throw new AmiUnreachableException(address, exception is SocketException socket && ResolvedConnection.Trouble(address.Host, socket) is { } trouble ? trouble : exception.Message, exception);
        }
    }

    /// <exception cref="AmiShuttingDownException">Asterisk is shutting down.</exception>
    /// <exception cref="AmiRefusedException">It answered with an error.</exception>
    /// <exception cref="AmiException">The connection has ended, or there was no answer in time.</exception>
    public async Task<AmiMessage> CallAsync(
        string action, Func<AmiMessage, bool> isAnswer, IReadOnlyList<(string Name, string Value)> fields, CancellationToken cancellationToken)
    {
        await _oneCall.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var id = (++_lastId).ToString(CultureInfo.InvariantCulture);
            var call = _call = new AmiCall(id, isAnswer);

            // After the call is there to be failed: whichever comes first, the end of the connection is seen.
            if (_closed.Task.IsCompleted)
            {
                throw await _closed.Task.ConfigureAwait(false);
            }

            var answer = await SendAsync(Text([("Action", action), ("ActionID", id), .. fields]), call, cancellationToken)
                .WaitAsync(CallTime, time, cancellationToken).ConfigureAwait(false);
            return !answer.IsError ? answer
                : answer.Is("Message", AmiShuttingDownException.Reason) ? throw new AmiShuttingDownException()
                : throw new AmiRefusedException(action, answer["Message"] ?? "");
        }
        catch (TimeoutException timeout)
        {
            throw new AmiUnreachableException(address, $"nothing within {DurationText.Of(CallTime)} on {action}", timeout);
        }
        finally
        {
            _call = null;
            _oneCall.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }

        await _reading.ConfigureAwait(false);
    }

    private static byte[] Text(IEnumerable<(string Name, string Value)> fields) =>
        Encoding.UTF8.GetBytes(string.Concat(fields.Select(static field => $"{field.Name}: {field.Value}\r\n")) + "\r\n");

    private async Task<AmiMessage> SendAsync(byte[] request, AmiCall call, CancellationToken cancellationToken)
    {
        try
        {
            await _stream!.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            throw new AmiUnreachableException(address, exception.Message, exception);
        }

        return await call.Answer.ConfigureAwait(false);
    }

    private async Task ReadAsync(AmiReader reader)
    {
        AmiException reason;
        try
        {
            while (await reader.ReadMessageAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
            {
                // Answers that come too late are nobody's; of a list only the end is waited for.
                if (_call?.Take(message) != true && message.Event is not null)
                {
                    onEvent(message);
                }
            }

            reason = new AmiUnreachableException(address, "it closed the connection");
        }
        catch (AmiException exception)
        {
            reason = exception;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            reason = new AmiUnreachableException(address, exception.Message, exception);
        }
        catch (Exception exception)
        {
            // A fault of kamrpc's: whoever waits for an answer must not wait for ever, and the next connection may do better.
            reason = new AmiUnreachableException(address, $"unexpected {exception.GetType().Name}: {exception.Message}", exception);
        }

        _closed.TrySetResult(reason);
        _call?.Fail(reason);

        // Of a peer that talks nonsense no more is read, and it shall see that.
        await _stream!.DisposeAsync().ConfigureAwait(false);
    }
}
