using System.Net;
using System.Net.Sockets;

namespace KamailioRpc;

/// <summary>Looks host names up by the system's resolver, on a few threads of its own.</summary>
/// <remarks>
/// The resolver cannot be interrupted and takes half a minute where the name servers are silent, and so does <c>Dns.GetHostAddressesAsync</c>, which keeps a
/// thread of the pool for each name: as many names as there are processors stop whatever else the process does. So no name is looked up by
/// another way than this, and no socket is given a name to connect to.
/// </remarks>
public sealed class NameResolver
{
    internal const int MostThreads = 16;

    /// <summary>How many threads names may have that could not be looked up the last time: the others shall not wait for them.</summary>
    internal const int MostForDoubtful = MostThreads / 2;

    /// <summary>How many names are remembered.</summary>
    private const int MostNames = 4096;

    /// <summary>How long a failure is believed: a name that fails is not looked up all the time.</summary>
    internal static readonly TimeSpan BadLasts = TimeSpan.FromSeconds(2);

    internal static readonly TimeSpan GoodLasts = TimeSpan.FromSeconds(1);

    /// <summary>How long a thread waits for the next name.</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly Func<string, IPAddress[]> _resolve;
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _idleTime;
    private readonly Action<Thread> _start;
    // The lock for all that follows.
    private readonly Dictionary<string, KnownName> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Queue<KnownName> _waiting = [];
    private readonly Queue<KnownName> _doubtful = [];
    private int _threads;
    private int _idle;
    private int _woken;
    private int _busyWithDoubtful;

    /// <param name="resolve">The system's resolver; it blocks.</param>
    /// <param name="timeProvider">The clock.</param>
    public NameResolver(Func<string, IPAddress[]> resolve, TimeProvider timeProvider)
        : this(resolve, timeProvider, IdleTime, static thread => thread.Start())
    {
    }

    /// <param name="resolve">The system's resolver; it blocks.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="idleTime">How long a thread waits for the next name.</param>
    /// <param name="start">Starts a thread.</param>
    internal NameResolver(Func<string, IPAddress[]> resolve, TimeProvider timeProvider, TimeSpan idleTime, Action<Thread> start) =>
        (_resolve, _timeProvider, _idleTime, _start) = (resolve, timeProvider, idleTime, start);

    /// <summary>That of the process.</summary>
    public static NameResolver Shared { get; } = new(Dns.GetHostAddresses, TimeProvider.System);

    /// <summary>The addresses that a host has now, one at least; an address is its own.</summary>
    /// <exception cref="SocketException">It has none, or that cannot be found out.</exception>
    public async Task<IPAddress[]> AskAsync(string host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }

        var answer = await LookUp(host).Answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        return answer.Addresses ?? throw new SocketException((int)answer.Error);
    }

    /// <summary>The addresses to try a host at: those that it had, when that cannot be found out now.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="patience">How long to wait where it is known what they were.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">It has none, or that cannot be found out, and never could.</exception>
    public async Task<IPAddress[]> FindAsync(string host, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }

        var (answering, before) = LookUp(host);
        if (before is null)
        {
            return await AskAsync(host, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return (await answering.WaitAsync(patience, _timeProvider, cancellationToken).ConfigureAwait(false)).Addresses ?? before;
        }
        catch (TimeoutException)
        {
            return before;
        }
    }

    private (Task<NameAnswer> Answer, IPAddress[]? Before) LookUp(string host)
    {
        lock (_names)
        {
            if (!_names.TryGetValue(host, out var name))
            {
                MakeRoom();
                name = _names[host] = new KnownName(host);
            }

            if (name.Answering is { } running && (!running.Task.IsCompletedSuccessfully || IsFresh(name, running.Task.Result)))
            {
                return (running.Task, name.Addresses);
            }

            name.Answering = new TaskCompletionSource<NameAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            (name.IsDoubtful ? _doubtful : _waiting).Enqueue(name);
            if (_idle > 0)
            {
                // Taken for busy from here on: the next name is another thread's.
                _idle--;
                _woken++;
                Monitor.Pulse(_names);
            }
            else if (_threads < MostThreads)
            {
                Start(name);
            }

            return (name.Answering.Task, name.Addresses);
        }
    }

    private void Start(KnownName name)
    {
        try
        {
            _start(new Thread(Work) { IsBackground = true, Name = "name lookup" });
            _threads++;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // This user, or this unit, may have no more threads. Where there is none at all nobody would ever answer.
            if (_threads == 0)
            {
                name.AnsweredAt = _timeProvider.GetTimestamp();
                name.Answering!.SetResult(new NameAnswer(null, SocketError.TryAgain));
            }
        }
    }

    private bool IsFresh(KnownName name, NameAnswer answer) =>
        _timeProvider.GetElapsedTime(name.AnsweredAt) < (answer.Addresses is null ? BadLasts : GoodLasts);

    private void MakeRoom()
    {
        if (_names.Count >= MostNames)
        {
            foreach (var name in _names.Values.Where(static name => name.Answering is not { Task.IsCompleted: false }).Select(static name => name.Host).ToList())
            {
                _names.Remove(name);
            }
        }
    }

    private void Work()
    {
        while (Next() is { } name)
        {
            var wasDoubtful = name.IsDoubtful;
            var answer = Resolve(name.Host);
            TaskCompletionSource<NameAnswer> answering;
            lock (_names)
            {
                answering = name.Answering!;
                name.AnsweredAt = _timeProvider.GetTimestamp();
                name.Addresses = answer.Addresses ?? name.Addresses;
                name.IsDoubtful = answer.Addresses is null;
                _busyWithDoubtful -= wasDoubtful ? 1 : 0;
                answering.TrySetResult(answer);
            }
        }
    }

    /// <summary>What is to be looked up next; null when the thread is not needed any more.</summary>
    private KnownName? Next()
    {
        lock (_names)
        {
            for (var isOver = false; ;)
            {
                if (_waiting.TryDequeue(out var next))
                {
                    return next;
                }

                if (_busyWithDoubtful < MostForDoubtful && _doubtful.TryDequeue(out next))
                {
                    _busyWithDoubtful++;
                    return next;
                }

                if (isOver)
                {
                    _threads--;
                    return null;
                }

                // A wait may end by time in the moment in which it is ended by a pulse: whoever wakes first is the one that was woken.
                _idle++;
                isOver = !Monitor.Wait(_names, _idleTime);
                if (_woken > 0)
                {
                    (_woken, isOver) = (_woken - 1, false);
                }
                else
                {
                    _idle--;
                }
            }
        }
    }

    private NameAnswer Resolve(string host)
    {
        try
        {
            return _resolve(host) is { Length: > 0 } addresses ? new NameAnswer(addresses, SocketError.Success) : new NameAnswer(null, SocketError.NoData);
        }
        catch (SocketException exception)
        {
            return new NameAnswer(null, exception.SocketErrorCode);
        }
        catch (Exception)
        {
            // Not a name that could be looked up, such as one that is too long; and nothing that it throws may end the thread.
            return new NameAnswer(null, SocketError.HostNotFound);
        }
    }
}
