using System.Diagnostics;
using System.Globalization;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>Tells systemd how the service is (Type=notify, WatchdogSec=); without systemd, nobody.</summary>
internal sealed class SystemdState : IServiceState, IDisposable
{
    private const int LongestStatus = 400;

    /// <summary>How long a service that leaves may go on without a word: longer than the time from one word to the next.</summary>
    private static readonly TimeSpan StopExtension = TimeSpan.FromSeconds(30);

    /// <summary>How soon what nobody took is said again.</summary>
    private static readonly TimeSpan RepeatDelay = TimeSpan.FromSeconds(1);

    private readonly NotifySocket? _manager;
    private readonly Lock _lock = new();
    private readonly Timer _repeat;
    private Timer? _watchdog;
    private string? _status;
    private bool _isReady;
    private bool _isReadyTold;
    private bool _isReloading;
    private bool _isStatusTold = true;

    public SystemdState()
        : this(NotifySocket.To(Environment.GetEnvironmentVariable("NOTIFY_SOCKET")))
    {
    }

    internal SystemdState(NotifySocket? manager)
    {
        _manager = manager;
        _repeat = new Timer(_ => Tell());
    }

    public void Ready()
    {
        lock (_lock)
        {
            _isReady = true;
        }

        Tell();
    }

    /// <summary>Another program is about to take this one's place, which says that it is ready when it is.</summary>
    public void Reloading()
    {
        lock (_lock)
        {
            (_isReloading, _isReadyTold) = (true, false);
        }

        _manager?.Say(Assignment("RELOADING", "1") + "\n" + Assignment("MONOTONIC_USEC", Microseconds(Stopwatch.GetElapsedTime(0))));
    }

    /// <summary>This one goes on.</summary>
    /// <param name="status">What it is at; null for what was said before.</param>
    public void Reloaded(string? status)
    {
        lock (_lock)
        {
            _isReloading = false;
        }

        Tell();
        if (status is not null)
        {
            Status(status);
        }
    }

    public void Stopping()
    {
        _manager?.Say("STOPPING=1");

        // So that TimeoutStopSec= does not have to be as long as calls are.
        _manager?.Say(Assignment("EXTEND_TIMEOUT_USEC", Microseconds(StopExtension)));
    }

    public void Status(string text)
    {
        var line = OneLine(text);
        lock (_lock)
        {
            if (_status == line)
            {
                return;
            }

            _status = line;
            _isStatusTold = false;
        }

        Tell();
    }

    /// <summary>Feeds the watchdog, where there is one, for as long as the service is responsive.</summary>
    public void Watch(Func<bool> isResponsive)
    {
        if (_manager is not null && WatchdogTime() is { } time)
        {
            _watchdog = new Timer(
                _ =>
                {
                    if (isResponsive())
                    {
                        _manager.Say("WATCHDOG=1");
                    }
                },
                null,
                TimeSpan.Zero,
                time / 3);
        }
    }

    public void Dispose()
    {
        _watchdog?.Dispose();
        _repeat.Dispose();
    }

    /// <summary>A status holds what others wrote: a line end in it would begin another assignment.</summary>
    internal static string OneLine(string text)
    {
        var line = string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
        return line.Length <= LongestStatus ? line : line[..LongestStatus] + "...";
    }

    private static string Assignment(string name, string value) => $"{name}={value}";

    private static string Microseconds(TimeSpan time) => ((long)time.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>systemd's watchdog time, if it is meant for this process.</summary>
    private static TimeSpan? WatchdogTime() =>
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
        && microseconds > 0
        && (Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;

    /// <summary>Says what was not said yet; what nobody took is said again.</summary>
    private void Tell()
    {
        if (_manager is null)
        {
            return;
        }

        lock (_lock)
        {
            _isReadyTold = _isReadyTold || (_isReady && !_isReloading && _manager.Say("READY=1"));
            _isStatusTold = _isStatusTold || _manager.Say(Assignment("STATUS", _status!));
            if ((_isReady && !_isReloading && !_isReadyTold) || !_isStatusTold)
            {
                try
                {
                    _repeat.Change(RepeatDelay, Timeout.InfiniteTimeSpan);
                }
                catch (ObjectDisposedException)
                {
                    // The service ends.
                }
            }
        }
    }
}
