using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>A command that runs until its operator stops it: no exception and no SIGHUP ends it meanwhile.</summary>
internal sealed partial class DaemonLife : IDisposable
{
    private readonly ControllingTerminal _terminal = new();
    private readonly CancellationTokenSource _terminalGone = new();
    private readonly CancellationTokenSource _stop;
    private readonly PosixSignalRegistration _hangup;
    private volatile ILogger _logger = NullLogger.Instance;
    private volatile Action? _readFilesAgain;
    private volatile bool _isAskedEarly;

    /// <summary>Before anything that takes time: until then SIGHUP ends the process at once.</summary>
    /// <param name="stop">Cancelled when its operator stops it.</param>
    public DaemonLife(CancellationToken stop)
    {
        TerminalGone = _terminalGone.Token;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop, TerminalGone);
        Stop = _stop.Token;
        _hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, HangUp);
    }

    /// <summary>Cancelled when it is to leave in order: its operator says so, or the terminal that it was started from is gone.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Cancelled when the terminal that it was started from is gone.</summary>
    public CancellationToken TerminalGone { get; }

    /// <summary>From here on it logs, and goes on whatever happens.</summary>
    public void Begin(ILoggerFactory logs)
    {
        LastResort.GoOn(logs);
        _logger = logs.CreateLogger(typeof(DaemonLife).FullName!);
    }

    /// <summary>What SIGHUP asks for.</summary>
    public void OnHangup(Action readFilesAgain)
    {
        _readFilesAgain = readFilesAgain;
        if (_isAskedEarly)
        {
            readFilesAgain();
        }
    }

    public void Dispose()
    {
        LastResort.GoOnNoMore();
        _hangup.Dispose();
        _terminal.Dispose();
        _stop.Dispose();
        _terminalGone.Dispose();
    }

    private void HangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_terminal.IsGone)
        {
            ReadingAgain(_logger);
            if (_readFilesAgain is { } readFilesAgain)
            {
                readFilesAgain();
            }
            else
            {
                _isAskedEarly = true;
            }

            return;
        }

        LeavesWithTerminal(_logger);
        try
        {
            _terminalGone.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    [LoggerMessage(4020, LogLevel.Information, "SIGHUP: certificates and passwords are read again")]
    private static partial void ReadingAgain(ILogger logger);

    [LoggerMessage(4021, LogLevel.Warning, "SIGHUP: the terminal that this was started from is gone, so it leaves. To have it stay, start it as a service, or with nohup")]
    private static partial void LeavesWithTerminal(ILogger logger);
}
