using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace KamRpcDispatcher.Cli;

/// <summary>Tells systemd how the service is (Type=notify, WatchdogSec=); without systemd, nobody.</summary>
internal sealed class SystemdState : IServiceState, IDisposable
{
    private const int LongestStatus = 400;

    /// <summary>How long a service that leaves may go on without a word: longer than the time from one word to the next.</summary>
    private static readonly TimeSpan StopExtension = TimeSpan.FromSeconds(30);

    private readonly SystemdNotifier _notifier = new();
    private Timer? _watchdog;
    private string? _status;
    private int _isReady;

    public void Ready()
    {
        if (Interlocked.Exchange(ref _isReady, 1) == 0)
        {
            Notify(ServiceState.Ready);
        }
    }

    public void Stopping()
    {
        Notify(ServiceState.Stopping);

        // So that TimeoutStopSec= does not have to be as long as calls are.
        Notify(Assignment("EXTEND_TIMEOUT_USEC", Microseconds(StopExtension)));
    }

    public void Status(string text)
    {
        var line = OneLine(text);
        if (Interlocked.Exchange(ref _status, line) != line)
        {
            Notify(Assignment("STATUS", line));
        }
    }

    /// <summary>Feeds the watchdog, where there is one, for as long as the service is responsive.</summary>
    public void Watch(Func<bool> isResponsive)
    {
        if (_notifier.IsEnabled && WatchdogTime() is { } time)
        {
            _watchdog = new Timer(
                _ =>
                {
                    if (isResponsive())
                    {
                        Notify(Assignment("WATCHDOG", "1"));
                    }
                },
                null,
                TimeSpan.Zero,
                time / 3);
        }
    }

    public void Dispose() => _watchdog?.Dispose();

    /// <summary>A status holds what others wrote: a line end in it would begin another assignment.</summary>
    internal static string OneLine(string text)
    {
        var line = string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
        return line.Length <= LongestStatus ? line : line[..LongestStatus] + "...";
    }

    private static ServiceState Assignment(string name, string value) => new($"{name}={value}");

    private static string Microseconds(TimeSpan time) => ((long)time.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>systemd's watchdog time, if it is meant for this process.</summary>
    private static TimeSpan? WatchdogTime() =>
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
        && microseconds > 0
        && (Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;

    /// <summary>systemd may be about to start itself anew, and its socket not there: the next word comes.</summary>
    private void Notify(ServiceState state)
    {
        try
        {
            _notifier.Notify(state);
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or IOException or ObjectDisposedException)
        {
            // Nobody hears it.
        }
    }
}
