using System.Diagnostics;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>
/// Members by the thousand, over the snippet and the dispatcher as they are by default; all of them answer pings. What Kamailio has is read
/// over its FIFO, and compared with what was announced and withdrawn: long answers over the datagram socket, if they are not fetched at once,
/// leave no room for the answers to the dispatcher, and Kamailio drops those.
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    /// <summary>While members come and go, what was announced or withdrawn longer ago has to be in Kamailio.</summary>
    public static readonly TimeSpan MostLate = TimeSpan.FromSeconds(5);

    /// <summary>What doctor asks for: pings of thousands take more than the default of 64 MB.</summary>
    private const int SharedMemory = 256;

    /// <summary>The snippet's default; that of the tests is shorter.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Not without a pause: reading a list of thousands takes the processor from those who are waited for.</summary>
    private static readonly TimeSpan ConvergingInterval = TimeSpan.FromMilliseconds(50);

    private readonly SipResponder _responder = SipResponder.AtEveryAddress();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long Since, bool IsIn)> _members = [];
    private RpcClient? _reader;

    private Crowd()
    {
    }

    public Fleet Fleet { get; private set; } = null!;

    private RpcClient Reader => _reader ??= new RpcClient(KamailioAddress.Parse("jsonrpc+fifo:" + Fleet.Kamailio.FifoPath), new RpcClientOptions { Timeout = Fleet.Deadline });

    /// <summary>How many are announced.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _members.Values.Count(static member => member.IsIn);
            }
        }
    }

    public static Task<Crowd> StartAsync() => ServerLife.StartOrDisposeAsync(new Crowd(), static async crowd => crowd.Fleet = await Fleet.StartAsync(new FleetOptions
    {
        Kamailio = new KamailioOptions { SharedMemoryMegabytes = SharedMemory, PingInterval = PingInterval },
        HasDefaultRemovalDelay = true,
    }));

    public async Task JoinAsync(int number)
    {
        await Fleet.PutUriAsync($"1/crowd-{number}", Uri(number));
        Note(number, isIn: true);
    }

    public async Task LeaveAsync(int number)
    {
        await Fleet.DeleteAsync($"1/crowd-{number}");
        Note(number, isIn: false);
    }

    /// <summary>Looks on until told to stop; answers what was wrong, in words, and how many looks there were.</summary>
    public async Task<(IReadOnlyList<string> Wrong, int Looks)> WatchAsync(CancellationToken stop)
    {
        var wrong = new List<string>();
        var looks = 0;
        for (; !stop.IsCancellationRequested; looks++)
        {
            wrong.AddRange((await DifferencesAsync(MostLate)).Take(3).Select(difference => $"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {difference}"));
            await Task.Delay(LookInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (wrong, looks);
    }

    /// <summary>Waits until Kamailio has those that are announced, and nobody else enabled; answers how long it took.</summary>
    /// <exception cref="TimeoutException">It had not in time.</exception>
    public async Task<TimeSpan> ConvergeAsync(TimeSpan deadline)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await DifferencesAsync(TimeSpan.Zero) is { Count: > 0 } differences)
        {
            if (Stopwatch.GetElapsedTime(begun) > deadline)
            {
                throw new TimeoutException($"{differences.Count} differences after {deadline.TotalSeconds} s:\n{string.Join('\n', differences.Take(10))}\n{Troubles()}");
            }

            await Task.Delay(ConvergingInterval);
        }

        return Stopwatch.GetElapsedTime(begun);
    }

    /// <summary>What Kamailio has now.</summary>
    public Task<DispatcherList> ListAsync() => Reader.ListDestinationsAsync(ListMode.Brief, CancellationToken.None);

    /// <summary>The last lines of the dispatcher's log that are neither changes nor good news.</summary>
    public string Troubles() => string.Join('\n', Fleet.Dispatcher.Output.Split('\n').Where(static line => !line.Contains(" info: ", StringComparison.Ordinal)).TakeLast(20));

    public async ValueTask DisposeAsync()
    {
        await (_reader?.DisposeAsync() ?? default);
        await (Fleet?.DisposeAsync() ?? default);
        await _responder.DisposeAsync();
    }

    /// <summary>What is not as it was announced, or withdrawn, at least so long ago.</summary>
    private async Task<IReadOnlyList<string>> DifferencesAsync(TimeSpan late)
    {
        // Noted before the list is read: what changes meanwhile is not judged.
        List<(string Uri, bool IsIn)> due;
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            due = [.. _members.Where(member => Stopwatch.GetElapsedTime(member.Value.Since, now) >= late).Select(static member => (member.Key, member.Value.IsIn))];
        }

        HashSet<string> enabled = [.. (await ListAsync()).Where(static entry => entry.State != DestinationState.Disabled).Select(static entry => Spelling.First(entry.Uri))];
        lock (_gate)
        {
            return [.. due.Where(member => _members[member.Uri].IsIn == member.IsIn && enabled.Contains(member.Uri) != member.IsIn)
                .Select(static member => $"{member.Uri} is {(member.IsIn ? "announced and not" : "withdrawn and still")} enabled")];
        }
    }

    private void Note(int number, bool isIn)
    {
        lock (_gate)
        {
            _members[Uri(number)] = (Stopwatch.GetTimestamp(), isIn);
        }
    }

    private string Uri(int number) => $"sip:127.1.{number / 250}.{(number % 250) + 1}:{_responder.Port}";
}
