using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A Kamailio as its RPC clients see it: a Unix datagram socket and one serial worker behind it, with the dispatcher module's
/// behaviour of 5.6.3, including that which is a trap. Thread-safe.
/// </summary>
public sealed class FakeKamailio : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly FakeKamailioOptions _options;
    private readonly TemporaryFolder _folder = new();
    private readonly ChangeSignal _changed = new();
    private readonly DispatcherTable _table = new();
    private readonly FakeCommands _commands;
    private readonly List<FakeRequest> _requests = [];
    private DatagramWorker _worker;
    private int _inHand;
    private int _maxConcurrent;

    private FakeKamailio(FakeKamailioOptions options)
    {
        _options = options;
        _commands = new FakeCommands(options, _table);
        SocketPath = _folder.File("kamailio_rpc.sock");
        _worker = Open();
    }

    public string SocketPath { get; }

    /// <summary>The URI by which the product addresses it: "jsonrpc+unix:" and the path.</summary>
    public string Address => "jsonrpc+unix:" + SocketPath;

    /// <summary>Whether a command never returned and nothing is answered any more, see <see cref="FakeKamailioOptions.CountsReaders"/>.</summary>
    public bool IsStuck => Locked(() => _commands.IsStuck);

    /// <summary>Asked for each request, when its turn comes, on the worker. Null: everything proceeds.</summary>
    public Func<FakeRequest, FakeReaction>? OnRequest { get; set; }

    /// <summary>The table, in the order of <c>dispatcher.list</c>.</summary>
    public IReadOnlyList<FakeDestination> Destinations => Locked(() => _table.Destinations.ToList());

    /// <summary>All requests that arrived since the start, in their order, also those that a fault swallowed.</summary>
    public IReadOnlyList<FakeRequest> Requests => Locked(() => _requests.ToList());

    /// <summary>Adds and removes that were executed. Each one rebuilt the table.</summary>
    public int StructuralChanges => Locked(() => _commands.StructuralChanges);

    /// <summary>The largest number of requests that were in hand at once: being handled, or waiting behind one that was.</summary>
    public int MaxConcurrent => Locked(() => _maxConcurrent);

    public static FakeKamailio Start(FakeKamailioOptions? options = null) => new(options ?? new FakeKamailioOptions());

    /// <summary>Adds a destination that is not the tool's: a line of the list file, which survives <see cref="Reload"/> and a restart.</summary>
    public void AddForeign(int set, string uri, string flags = "AP", int priority = 0, string? attrs = null) =>
        Change(() => _table.AddToFile(set, uri, DestinationFlags.FromLetters(flags), priority, attrs));

    /// <summary>Kamailio's own verdict on the first copy: its probing, or a script's ds_mark_dst().</summary>
    /// <exception cref="ArgumentException">No such destination.</exception>
    public void SetFlags(int set, string uri, string flags) => Change(() =>
    {
        if (!_table.SetState(set, uri, DestinationFlags.FromLetters(flags)))
        {
            throw new ArgumentException($"No {uri} in set {set}.\n{Describe()}");
        }
    });

    /// <summary>An operator's <c>dispatcher.reload</c>: the list file is read anew, all else is gone.</summary>
    public void Reload() => Change(_table.Reload);

    /// <summary>The process ends. As with SIGTERM its socket goes too; after a crash the file stays, and nobody answers on it.</summary>
    public void Stop(bool leaveSocketFile = false)
    {
        _worker.Dispose();
        if (!leaveSocketFile && File.Exists(SocketPath))
        {
            File.Delete(SocketPath);
        }

        Change(() => _inHand = 0);
    }

    /// <summary>The process starts again: a new up_since, and nothing in the table but the list file.</summary>
    public void StartAgain()
    {
        Stop();
        Change(_commands.Restart);
        _worker = Open();
    }

    public async Task RestartAsync(TimeSpan downtime)
    {
        Stop();
        await Task.Delay(downtime, _options.TimeProvider).ConfigureAwait(false);
        StartAgain();
    }

    /// <summary>Waits until the condition holds. It is looked at again after each request and each change of the table.</summary>
    /// <exception cref="TimeoutException">It did not hold in time; says what the table and the last requests are.</exception>
    public Task WaitForAsync(Func<FakeKamailio, bool> condition, TimeSpan timeout) =>
        _changed.WaitUntilAsync(() => condition(this), timeout, Describe);

    /// <summary>Throws what <see cref="OnRequest"/> threw, so that an assertion in it is not lost.</summary>
    public async ValueTask DisposeAsync()
    {
        Stop();
        _folder.Dispose();
        await _worker.Work.ConfigureAwait(false);
    }

    private DatagramWorker Open() => new(SocketPath, Received, HandleAsync);

    private FakeRequest? Received(ReadOnlyMemory<byte> datagram)
    {
        FakeRequest? request = null;
        Change(() =>
        {
            request = RpcMessage.Parse(datagram, _requests.Count + 1);
            if (request is not null)
            {
                _requests.Add(request);
                _maxConcurrent = Math.Max(_maxConcurrent, ++_inHand);
            }
        });
        return request;
    }

    private async Task HandleAsync(FakeRequest request, Action<byte[]> answer, CancellationToken stopped)
    {
        var reaction = OnRequest?.Invoke(request) ?? FakeReaction.Proceed;
        if (reaction is FakeReaction.Waiting { Time: var delay } && delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, _options.TimeProvider, stopped).ConfigureAwait(false);
        }

        var reply = reaction switch
        {
            FakeReaction.Nothing => [],
            FakeReaction.Raw raw => System.Text.Encoding.UTF8.GetBytes(raw.Text),
            FakeReaction.Refusal refusal => RpcMessage.Fault(request, refusal.Code, refusal.Message, _options.PrettyFormat),
            _ => Execute(request, stopped),
        };

        if (Locked(() => _commands.IsStuck))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stopped).ConfigureAwait(false);
        }

        // Before the answer goes out: the client's next request may be here before this line would be.
        Change(() => _inHand -= stopped.IsCancellationRequested ? 0 : 1);
        switch (reaction)
        {
            case FakeReaction.Nothing or FakeReaction.Unanswered:
                break;
            case FakeReaction.Malformed:
                answer([0xFF, .. "}not json{"u8]);
                break;
            case FakeReaction.Late late:
                _ = AnswerLaterAsync(late.Time);
                break;
            default:
                Answer();
                break;
        }

        void Answer()
        {
            if (reply.Length <= _options.MaxReplyBytes)
            {
                answer(reply);
            }
        }

        async Task AnswerLaterAsync(TimeSpan time)
        {
            await Task.Delay(time, _options.TimeProvider, stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopped.IsCancellationRequested)
            {
                Answer();
            }
        }
    }

    private byte[] Execute(FakeRequest request, CancellationToken stopped)
    {
        byte[] reply = [];
        Change(() =>
        {
            // Asked with the lock held: a restart has the lock when it empties the table.
            stopped.ThrowIfCancellationRequested();
            try
            {
                // Without a method jsonrpcs answers an empty result.
                var result = request.Method.Length == 0 ? new JsonObject() : _commands.Execute(request.Method, new RpcArguments(request.Params));
                reply = RpcMessage.Result(request, result, _options.PrettyFormat);
            }
            catch (RpcFault fault)
            {
                reply = RpcMessage.Fault(request, fault.Code, fault.Message, _options.PrettyFormat);
            }
        });
        return reply;
    }

    private string Describe() => Locked(() =>
        $"The table:\n{string.Join('\n', _table.Destinations)}\nThe last requests:\n{string.Join('\n', _requests.TakeLast(20))}");

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
        }

        _changed.Raise();
    }
}
