using System.Globalization;
using KamRpcDispatcher.Announce;
using Microsoft.Extensions.Hosting.Systemd;

namespace KamRpcDispatcher.Cli;

/// <summary>Tells systemd how the service is (Type=notify, WatchdogSec=); without systemd, nobody.</summary>
internal sealed class SystemdState : IServiceState, IDisposable
{
    /// <summary>How long a service that leaves may go on without a word: longer than the time from one word to the next.</summary>
    private static readonly TimeSpan StopExtension = TimeSpan.FromSeconds(30);

    private readonly SystemdNotifier _notifier = new();
    private Timer? _watchdog;

    public void Ready() => _notifier.Notify(ServiceState.Ready);

    public void Stopping()
    {
        _notifier.Notify(ServiceState.Stopping);

        // So that TimeoutStopSec= does not have to be as long as calls are.
        _notifier.Notify(Assignment("EXTEND_TIMEOUT_USEC", Microseconds(StopExtension)));
    }

    public void Status(string text) => _notifier.Notify(Assignment("STATUS", text));

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
                        _notifier.Notify(Assignment("WATCHDOG", "1"));
                    }
                },
                null,
                TimeSpan.Zero,
                time / 3);
        }
    }

    public void Dispose() => _watchdog?.Dispose();

    private static ServiceState Assignment(string name, string value) => new($"{name}={value}");

    private static string Microseconds(TimeSpan time) => ((long)time.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>systemd's watchdog time, if it is meant for this process.</summary>
    private static TimeSpan? WatchdogTime() =>
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
        && microseconds > 0
        && (Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
}
