using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli;

/// <summary>A command that runs until its operator stops it: no exception and no SIGHUP ends it meanwhile.</summary>
internal sealed partial class DaemonLife : IDisposable
{
    private readonly ControllingTerminal _terminal = new();
    private readonly CancellationTokenSource _stop;
    private readonly ILogger _logger;
    private readonly PosixSignalRegistration _hangup;
    private volatile Action? _readFilesAgain;

    private DaemonLife(ILoggerFactory logs, CancellationToken stop)
    {
        _logger = logs.CreateLogger(typeof(DaemonLife).FullName!);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Stop = _stop.Token;
        _hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, HangUp);
    }

    /// <summary>Cancelled when it is to leave in order: its operator says so, or the terminal that it was started from is gone.</summary>
    public CancellationToken Stop { get; }

    public static DaemonLife Begin(ILoggerFactory logs, CancellationToken stop)
    {
        LastResort.GoOn(logs);
        return new DaemonLife(logs, stop);
    }

    /// <summary>What SIGHUP asks for.</summary>
    public void OnHangup(Action readFilesAgain) => _readFilesAgain = readFilesAgain;

    public void Dispose()
    {
        LastResort.GoOnNoMore();
        _hangup.Dispose();
        _terminal.Dispose();
        _stop.Dispose();
    }

    private void HangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_terminal.IsGone)
        {
            ReadingAgain(_logger);
            _readFilesAgain?.Invoke();
            return;
        }

        TerminalGone(_logger);
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    [LoggerMessage(4020, LogLevel.Information, "SIGHUP: certificates and passwords are read again")]
    private static partial void ReadingAgain(ILogger logger);

    [LoggerMessage(4021, LogLevel.Warning, "SIGHUP: the terminal that this was started from is gone, so it leaves. To have it stay, start it as a service, or with nohup")]
    private static partial void TerminalGone(ILogger logger);
}
