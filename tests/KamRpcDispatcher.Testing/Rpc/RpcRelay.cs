using System.Net.Sockets;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// Stands between the product and Kamailio's datagram socket, and loses and delays what passes. Like the socket itself it never changes
/// the order: Kamailio has one worker. Like Kamailio it is gone while Kamailio is gone, since the product notices that.
/// </summary>
public sealed class RpcRelay : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _life = new();
    private readonly string _kamailioPath;
    private readonly Random _random;
    private readonly Task _running;
    private readonly Lock _gate = new();
    private volatile RelayFaults _faults = RelayFaults.None;
    private int _lost;
    private int _delayed;

    /// <param name="kamailioPath">Kamailio's socket.</param>
    /// <param name="seed">Decides which datagrams meet a fault.</param>
    public RpcRelay(string kamailioPath, int seed)
    {
        _kamailioPath = kamailioPath;
        _random = new Random(seed);
        Path = _folder.File("relay.sock");
        _running = Task.Run(RunAsync);
    }

    /// <summary>The socket to call in place of Kamailio's.</summary>
    public string Path { get; }

    public RelayFaults Faults
    {
        get => _faults;
        set => _faults = value;
    }

    /// <summary>Told of each request before it is passed on.</summary>
    public Action<string> OnRequest { get; set; } = static _ => { };

    public int Lost => Volatile.Read(ref _lost);

    public int Delayed => Volatile.Read(ref _delayed);

    /// <summary>Whether this datagram is lost, and for how long it is held up.</summary>
    internal (bool IsLost, TimeSpan Delay) Judge(bool isReply)
    {
        var faults = _faults;
        lock (_gate)
        {
            var isLost = _random.NextDouble() < (isReply ? faults.LoseReply : faults.LoseRequest);
            var delay = _random.NextDouble() < faults.Delay ? faults.LongestDelay * _random.NextDouble() : TimeSpan.Zero;
            Interlocked.Add(ref _lost, isLost ? 1 : 0);
            Interlocked.Add(ref _delayed, delay > TimeSpan.Zero ? 1 : 0);
            return (isLost, delay);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_life.IsCancellationRequested)
        {
            if (Incarnation() is { } incarnation)
            {
                var line = new RelayLine(this, Path, _kamailioPath, _folder);
                await using (line.ConfigureAwait(false))
                {
                    while (!_life.IsCancellationRequested && Incarnation() == incarnation)
                    {
                        await Task.Delay(LookInterval, _life.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }
                }
            }

            await Task.Delay(LookInterval, _life.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>When Kamailio made its socket; null when nobody listens there.</summary>
    private DateTime? Incarnation()
    {
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(_kamailioPath));
            return File.GetLastWriteTimeUtc(_kamailioPath);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
