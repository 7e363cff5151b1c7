using System.Globalization;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>The terminal that the process was started from, if it was.</summary>
/// <remarks>
/// SIGHUP says that it is gone, or is sent by somebody who wants files read again. When a terminal is gone no process of its session has one
/// any more before the first SIGHUP is sent (__tty_hangup in the kernel). Whoever was started with SIGHUP ignored (nohup) shall outlive it, and
/// so shall whoever the shell left behind in the background: to that no SIGHUP is sent when the shell and its terminal go.
/// </remarks>
internal sealed class ControllingTerminal : IDisposable
{
    /// <summary>How often it is checked whether the terminal has gone without a signal.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    private const string Device = "/dev/tty";

    private readonly Func<bool> _exists;
    private readonly ITimer? _timer;
    private volatile bool _matters;
    private bool _wasGone;

    public ControllingTerminal()
        : this(Exists, ReadIsHangupIgnored(), TimeProvider.System)
    {
    }

    /// <param name="exists">Whether there is one now.</param>
    /// <param name="isHangupIgnored">Whether it shall be outlived.</param>
    /// <param name="timeProvider">The clock.</param>
    internal ControllingTerminal(Func<bool> exists, bool isHangupIgnored, TimeProvider timeProvider)
    {
        _exists = exists;
        IsHangupIgnored = isHangupIgnored;
        _matters = exists() && !isHangupIgnored;
        _timer = _matters ? timeProvider.CreateTimer(static terminal => ((ControllingTerminal)terminal!).Poll(), this, PollInterval, PollInterval) : null;
    }

    /// <summary>Whether SIGHUP was ignored when the process started.</summary>
    public bool IsHangupIgnored { get; }

    /// <summary>Whether there was one, and is none any more since lately.</summary>
    public bool IsGone => _matters && !_exists();

    public void Dispose() => _timer?.Dispose();

    /// <summary>The signal comes just after the loss. Where it has not come by the next poll, a later SIGHUP is somebody's.</summary>
    private void Poll()
    {
        if (_exists())
        {
            return;
        }

        if (_wasGone)
        {
            _matters = false;
            _timer?.Dispose();
        }

        _wasGone = true;
    }

    private static bool Exists()
    {
        try
        {
            using var terminal = File.OpenHandle(Device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>SigIgn in proc(5) is a mask, the lowest bit of which is SIGHUP.</summary>
    private static bool ReadIsHangupIgnored()
    {
        const string Mask = "SigIgn:";
        try
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith(Mask, StringComparison.Ordinal));
            return line is not null && ulong.TryParse(line[Mask.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask) && (mask & 1) != 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
