using System.Runtime.InteropServices;
using KamRpcDispatcher.Cli.Host.Reload;
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
    private readonly PosixSignalRegistration _reload;
    private ITimer? _giveBack;
    private volatile ILogger _logger = NullLogger.Instance;
    private volatile Action? _readFilesAgain;
    private volatile bool _isAskedEarly;
    private volatile Action? _beginReload;
    private volatile bool _isReloadAskedEarly;

    /// <summary>SIGUSR2, which .NET has no name for.</summary>
    private const PosixSignal SecondUserSignal = (PosixSignal)12;

    /// <summary>Before anything that takes time: until then SIGHUP and SIGUSR2 end the process at once, unless the program before this one has held them back.</summary>
    /// <param name="stop">Cancelled when its operator stops it.</param>
    public DaemonLife(CancellationToken stop)
    {
        TerminalGone = _terminalGone.Token;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop, TerminalGone);
        Stop = _stop.Token;
        _hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, HangUp);
        _reload = PosixSignalRegistration.Create(SecondUserSignal, BeginReload);
        HandedOver = HandoverFile.Take();
        ProcessImage.ReleaseSignals();
    }

    /// <summary>Cancelled when it is to leave in order: its operator says so, or the terminal that it was started from is gone.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Cancelled when the terminal that it was started from is gone.</summary>
    public CancellationToken TerminalGone { get; }

    /// <summary>What the program has left that was this process before; null where there was none.</summary>
    public ReadOnlyMemory<byte>? HandedOver { get; }

    /// <summary>From here on it logs, and goes on whatever happens.</summary>
    public void Begin(ILoggerFactory logs)
    {
        LastResort.GoOn(logs);
        _logger = logs.CreateLogger(typeof(DaemonLife).FullName!);
        _giveBack = TimeProvider.System.CreateTimer(static _ => StartMemory.GiveBack(), null, StartMemory.After, Timeout.InfiniteTimeSpan);
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

    /// <summary>Whether it is to go on when the terminal is gone that it was started from, since whoever started it said so (nohup).</summary>
    public bool OutlivesTerminal => _terminal.IsHangupIgnored;

    /// <summary>What SIGUSR2 asks for.</summary>
    public void OnReload(Action begin)
    {
        _beginReload = begin;
        if (_isReloadAskedEarly)
        {
            begin();
        }
    }

    /// <summary>SIGUSR2 asks for nothing.</summary>
    public void OnReloadNothing() => OnReload(() => NotReloaded(_logger));

    public void Dispose()
    {
        LastResort.GoOnNoMore();
        _giveBack?.Dispose();
        _hangup.Dispose();
        _reload.Dispose();
        _terminal.Dispose();
        _stop.Dispose();
        _terminalGone.Dispose();
    }

    private void BeginReload(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_beginReload is { } begin)
        {
            begin();
        }
        else
        {
            _isReloadAskedEarly = true;
        }
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

    [LoggerMessage(4022, LogLevel.Warning, "SIGUSR2: only 'kamrpc announce' has another program take its place; restart this one, which costs no call")]
    private static partial void NotReloaded(ILogger logger);

    [LoggerMessage(4021, LogLevel.Warning, "SIGHUP: the terminal that this was started from is gone, so it leaves. To have it stay, start it as a service, or with nohup")]
    private static partial void LeavesWithTerminal(ILogger logger);
}
