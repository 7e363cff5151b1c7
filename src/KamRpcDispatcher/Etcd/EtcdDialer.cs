using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using KamailioRpc;

namespace KamRpcDispatcher.Etcd;

/// <summary>Connects to one endpoint of etcd. A name with several addresses has as many ways, which are tried side by side.</summary>
/// <remarks>
/// .NET tries the addresses of a name one after another, and all of them together have the time of one: where the first one drops what is sent to
/// it, the second is never tried. As RFC 8305 has it, the next way is tried 250 ms after the one before, or as soon as that has failed, and the first
/// one that stands is taken; over TLS it stands when the handshake is done.
/// </remarks>
internal sealed class EtcdDialer
{
    /// <summary>How long a way is tried alone.</summary>
    internal static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a name whose addresses are known may take to be looked up again.</summary>
    private static readonly TimeSpan LookupTime = TimeSpan.FromMilliseconds(500);

    private readonly Uri _endpoint;
    private readonly EtcdTls? _tls;
    private readonly Func<string, Task<IPAddress[]>> _resolve;
    private readonly Lock _lock = new();
    private Task<IPAddress[]>? _lookup;
    private IPAddress[]? _known;
    private volatile IPAddress? _last;
    private volatile IPAddress? _avoided;

    /// <param name="endpoint">One of them.</param>
    /// <param name="secrets">What TLS is set up with.</param>
    /// <param name="protocol">What is spoken over TLS.</param>
    /// <param name="resolve">Looks a name up; null for the process' own way.</param>
    public EtcdDialer(EtcdEndpoints endpoint, EtcdSecrets secrets, SslApplicationProtocol protocol, Func<string, Task<IPAddress[]>>? resolve = null)
    {
        _endpoint = new Uri(endpoint.ConnectionString);
        _tls = endpoint.IsSecure ? new EtcdTls(_endpoint.IdnHost, secrets, protocol) : null;
        _resolve = resolve ?? (static host => NameResolver.Shared.AskAsync(host, CancellationToken.None));
    }

    /// <summary>The way that was taken last turned out to lead nowhere: the others come first from now on.</summary>
    public void Avoid() => _avoided = _last;

    /// <param name="received">Told of the bytes that come.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">No way leads there.</exception>
    public async ValueTask<Stream> ConnectAsync(Action<int> received, CancellationToken cancellationToken)
    {
        var ways = Ordered(await ResolveAsync(cancellationToken).ConfigureAwait(false));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<IPAddress>(ways);
        var tries = new List<Task<(Stream Stream, IPAddress Way)>>();
        var failures = new List<Exception>();
        try
        {
            while (true)
            {
                if (waiting.TryDequeue(out var way))
                {
                    tries.Add(TryAsync(way, received, over.Token));
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (tries.Count == 0)
                {
                    throw Failure(failures);
                }

                var next = waiting.Count > 0 ? Task.Delay(Stagger, over.Token) : null;
                var ended = await Task.WhenAny(next is null ? tries : [.. tries, next]).ConfigureAwait(false);
                if (ended is not Task<(Stream Stream, IPAddress Way)> done)
                {
                    continue;
                }

                tries.Remove(done);
                if (done.IsCompletedSuccessfully)
                {
                    var (stream, taken) = await done.ConfigureAwait(false);
                    _last = taken;
                    return stream;
                }

                failures.Add(done.Exception?.InnerException ?? new TimeoutException("no answer in time"));
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            tries.ForEach(static other => _ = CloseAsync(other));
        }
    }

    private static async Task CloseAsync(Task<(Stream Stream, IPAddress Way)> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            await (await late.ConfigureAwait(false)).Stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Exception Failure(List<Exception> failures) =>
        failures.Count == 1 ? failures[0] : new IOException(string.Join("; ", failures.Select(static failure => failure.Message).Distinct()));

    private async Task<(Stream Stream, IPAddress Way)> TryAsync(IPAddress way, Action<int> received, CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(way, _endpoint.Port);
        var socket = new Socket(way.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException failed)
        {
            socket.Dispose();
            throw new IOException($"{failed.Message} ({target})", failed);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new MeteredStream(socket, received);
        if (_tls is not null)
        {
            return (await _tls.ShakeHandsAsync(stream, target, cancellationToken).ConfigureAwait(false), way);
        }

        stream.EndedAtOnce = token => EtcdTls.ThrowIfSpokenAsync(target, token);
        return (stream, way);
    }

    /// <summary>A name that cannot be looked up now keeps the addresses that it had, and is never looked up twice at a time: each look-up may hold a thread.</summary>
    private async Task<IPAddress[]> ResolveAsync(CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(_endpoint.IdnHost, out var address))
        {
            return [address];
        }

        Task<IPAddress[]> lookup;
        lock (_lock)
        {
            lookup = _lookup = _lookup is { IsCompleted: false } ? _lookup : _resolve(_endpoint.IdnHost);
        }

        try
        {
            var found = await lookup.WaitAsync(_known is null ? Timeout.InfiniteTimeSpan : LookupTime, cancellationToken).ConfigureAwait(false);
            _known = found.Length > 0 ? found : _known;
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException && _known is not null)
        {
            // What was true a moment ago is the best there is.
        }
        catch (SocketException unknown)
        {
            throw new IOException($"{unknown.Message} ({_endpoint.IdnHost})", unknown);
        }

        return _known ?? throw new IOException($"'{_endpoint.IdnHost}' has no address");
    }

    /// <summary>In the system's order, the two families in turn, and last what is to be avoided.</summary>
    private IEnumerable<IPAddress> Ordered(IPAddress[] addresses)
    {
        var first = addresses[0].AddressFamily;
        return addresses
            .GroupBy(address => address.AddressFamily)
            .SelectMany(family => family.Select((address, index) => (address, index, Later: family.Key == first ? 0 : 1)))
            .OrderBy(way => way.address.Equals(_avoided)).ThenBy(static way => way.index).ThenBy(static way => way.Later)
            .Select(static way => way.address);
    }
}
