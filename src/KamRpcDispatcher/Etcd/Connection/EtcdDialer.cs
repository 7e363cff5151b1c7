using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using KamailioRpc;
using KamRpcDispatcher.Etcd.Connection.Security;

namespace KamRpcDispatcher.Etcd.Connection;

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

    /// <summary>As many ways of a name are named that have failed.</summary>
    private const int MostTold = 5;

    private readonly Uri _endpoint;
    private readonly SslApplicationProtocol _protocol;
    private readonly EtcdTls? _tls;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private volatile IPAddress? _last;
    private volatile IPAddress? _avoided;
    private volatile string? _stranger;

    /// <param name="endpoint">One of them.</param>
    /// <param name="secrets">What TLS is set up with.</param>
    /// <param name="protocol">What is spoken.</param>
    /// <param name="resolve">Looks a name up; null for the system's way.</param>
    public EtcdDialer(EtcdEndpoints endpoint, EtcdCredentials secrets, SslApplicationProtocol protocol, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _endpoint = new Uri(endpoint.ConnectionString);
        _protocol = protocol;
        _tls = endpoint.IsSecure ? new EtcdTls(_endpoint.IdnHost, secrets, protocol) : null;
        _resolve = resolve ?? (static (host, cancellationToken) => NameResolver.Shared.FindAsync(host, ResolvedConnection.Patience, cancellationToken));
    }

    /// <summary>Who answered over the newest connection in place of etcd; null where nobody did. The runtime may end a call with words of its own first.</summary>
    public string? Stranger => _stranger;

    /// <summary>The way that was taken last turned out to lead nowhere: the others come first from now on.</summary>
    public void Avoid() => _avoided = _last;

    /// <param name="received">Told of the bytes that come.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">The only way does not lead there.</exception>
    /// <exception cref="IOException">No way leads there, or the name has none.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">One leads to somebody who is not to be trusted.</exception>
    public async ValueTask<Stream> ConnectAsync(Action<int> received, CancellationToken cancellationToken)
    {
        var ways = Ordered(await ResolveAsync(cancellationToken).ConfigureAwait(false));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<IPAddress>(ways);
        var tries = new Dictionary<Task<Stream>, IPAddress>();
        var failures = new List<(IPAddress Way, Exception Failure)>();
        try
        {
            while (true)
            {
                if (waiting.TryDequeue(out var way))
                {
                    tries.Add(TryAsync(way, received, over.Token), way);
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (tries.Count == 0)
                {
                    throw Failure(failures);
                }

                var next = waiting.Count > 0 ? Task.Delay(Stagger, over.Token) : null;
                var ended = await Task.WhenAny(next is null ? tries.Keys : [.. tries.Keys, next]).ConfigureAwait(false);
                if (ended is not Task<Stream> done)
                {
                    continue;
                }

                tries.Remove(done, out var taken);
                if (done.IsCompletedSuccessfully)
                {
                    _last = taken;
                    return await done.ConfigureAwait(false);
                }

                failures.Add((taken!, done.Exception?.InnerException ?? new TimeoutException("no answer in time")));
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (var other in tries.Keys)
            {
                _ = CloseAsync(other);
            }
        }
    }

    private static async Task CloseAsync(Task<Stream> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            await (await late.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Exception Failure(List<(IPAddress Way, Exception Failure)> failures) =>
        failures.Count == 1 ? failures[0].Failure : new IOException(
            string.Join("; ", failures.Take(MostTold).Select(static failed => $"{failed.Failure.Message} ({failed.Way})")) + (failures.Count > MostTold ? FormattableString.Invariant($" and {failures.Count - MostTold} more addresses") : string.Empty));

    private async Task<Stream> TryAsync(IPAddress way, Action<int> received, CancellationToken cancellationToken)
    {
        _stranger = null;
        var target = new IPEndPoint(way, _endpoint.Port);
        var socket = new Socket(way.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new MeteredStream(socket, received);
        if (_tls is not null)
        {
            return await _tls.ShakeHandsAsync(stream, target, cancellationToken).ConfigureAwait(false);
        }

        stream.EndedAtOnce = token => Task.WhenAll(EtcdTls.ThrowIfSpokenAsync(target, token), EtcdStranger.ThrowIfSipAsync(target, token));
        if (_protocol == SslApplicationProtocol.Http2)
        {
            stream.Begun = async (first, token) =>
            {
                try
                {
                    await EtcdStranger.ThrowIfNotHttp2Async(stream, first, token).ConfigureAwait(false);
                }
                catch (IOException stranger)
                {
                    _stranger = stranger.Message;
                    throw;
                }
            };
        }

        return stream;
    }

    private async Task<IPAddress[]> ResolveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _resolve(_endpoint.IdnHost, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException unknown)
        {
            // Without the cause, which says less.
            throw new IOException(ResolvedConnection.Trouble(_endpoint.IdnHost, unknown) ?? $"{unknown.Message} ({_endpoint.IdnHost})");
        }
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
