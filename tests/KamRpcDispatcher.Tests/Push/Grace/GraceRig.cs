using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Tests.Etcd;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>A grace period over processes that a test makes up, in a time of its own.</summary>
internal sealed class GraceRig : IProcessView, IProcessMovement
{
    /// <summary>Of real time, for what takes minutes of the other.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Of real time, after which whoever is not asleep is taken to wait for something else than the clock.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    public static readonly KamailioProcess Main = new(1, "main process - attendant");
    public static readonly KamailioProcess Worker = new(2, "udp receiver child=0 sock=127.0.0.1:5060");
    public static readonly KamailioProcess Other = new(3, "udp receiver child=1 sock=127.0.0.1:5060");
    public static readonly KamailioProcess Timer = new(4, "slow timer");

    private readonly List<Task> _waits = [];
    private int _looking;

    public GraceRig(params KamailioProcess[] processes)
    {
        Listed = () => processes;
        Grace = new ObservedGrace(
            new ProcessSurvey(
                _ =>
                {
                    Questions++;
                    return Task.FromResult<IReadOnlyList<KamailioProcess>>(Listed());
                },
                _ => Stranger(),
                [this],
                Clock),
            this,
            Options,
            Figures,
            Clock,
            Log);
    }

    public GraceOptions Options { get; } = new() { Gap = TimeSpan.FromSeconds(1), Cap = TimeSpan.FromSeconds(5) };

    public ObservedGrace Grace { get; }

    public SleepersClock Clock { get; } = new();

    public GraceFigures Figures { get; } = new();

    public LogCapture<ObservedGrace> Log { get; } = new();

    /// <summary>What Kamailio answers; may throw.</summary>
    public Func<IReadOnlyList<KamailioProcess>> Listed { get; set; }

    /// <summary>Why these are not Kamailio's processes.</summary>
    public Func<string?> Stranger { get; set; } = static () => null;

    public Func<KamailioProcess, ProcessActivity> Sees { get; set; } = static _ => ProcessActivity.AtRest;

    /// <summary>How often a process gives up the processor, in a second.</summary>
    public Func<int, double> SwitchesPerSecond { get; set; } = static _ => 0;

    public int Questions { get; private set; }

    public int Looks { get; private set; }

    /// <summary>Whether somebody looked while somebody else did.</summary>
    public bool IsTorn { get; private set; }

    public string Name => "rig";

    public string? Check(IReadOnlyList<KamailioProcess> processes) => null;

    public ProcessActivity ActivityOf(KamailioProcess process)
    {
        IsTorn |= Interlocked.Increment(ref _looking) > 1;
        Looks++;
        var activity = Sees(process);
        Interlocked.Decrement(ref _looking);
        return activity;
    }

    public Movement? Read(int pid) => new Movement((long)((Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds * SwitchesPerSecond(pid)), TimeSpan.Zero);

    public Task<bool> Wait(CancellationToken cancellationToken = default)
    {
        var wait = Task.Run(() => Grace.WaitAsync(cancellationToken).AsTask(), CancellationToken.None);
        _waits.Add(wait);
        return wait;
    }

    /// <summary>Lets time pass until something is done.</summary>
    public async Task<T> PassAsync<T>(Task<T> task, int stepMilliseconds = 50)
    {
        await PassAsync(() => task.IsCompleted, stepMilliseconds);
        return await task;
    }

    /// <summary>Lets time pass until something is so.</summary>
    public async Task PassAsync(Func<bool> condition, int stepMilliseconds = 50)
    {
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(begun) > Deadline)
            {
                throw new TimeoutException("it does not come to be so");
            }

            // No step before the waiter has got on, however long the machine keeps it.
            await Clock.WaitForSleeperAsync(() => condition() || (_waits.Count > 0 && _waits.TrueForAll(static wait => wait.IsCompleted)), Patience);
            Clock.Advance(TimeSpan.FromMilliseconds(stepMilliseconds));
        }
    }

    /// <summary>Waits again and again, as the executor does, until a wait has ended well; answers how long that took of the other time.</summary>
    public async Task<TimeSpan> WaitItOutAsync(TimeSpan longest, int stepMilliseconds = 50)
    {
        var begun = Clock.GetUtcNow();
        while (!await PassAsync(Wait(), stepMilliseconds))
        {
            if (Clock.GetUtcNow() - begun > longest)
            {
                return TimeSpan.MaxValue;
            }
        }

        return Clock.GetUtcNow() - begun;
    }
}
