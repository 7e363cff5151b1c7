using KamRpcDispatcher.Asterisk.Ami;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Asterisk;

/// <summary>Keeps a session with one Asterisk's manager interface, says what changes there, and counts its calls.</summary>
/// <param name="address">Where it is.</param>
/// <param name="credentials">Who asks.</param>
/// <param name="endpoint">Kamailio's endpoint in pjsip.conf, which maintenance mode is about, or <c>all</c>; null where nobody says.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where to log.</param>
public sealed class AsteriskMonitor(AmiAddress address, AmiCredentials credentials, string? endpoint, TimeProvider time, ILogger logger)
{
    /// <summary>How often Asterisk is asked whether it is shutting down, of which it says nothing by itself while calls are up.</summary>
    internal static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(1);

    internal static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Each refused login is an entry in Asterisk's security log, and of many fail2ban makes a ban.</summary>
    internal static readonly TimeSpan RefusedDelay = TimeSpan.FromSeconds(30);

    /// <summary>How long Asterisk may take from the login to FullyBooted, which a user without <c>read = system</c> never gets.</summary>
    internal static readonly TimeSpan BootTime = TimeSpan.FromSeconds(10);

    private readonly LogLimit _notBooted = new(time, most: 1);
    private volatile AmiSession? _session;
    private volatile TaskCompletionSource _again = NewAgain();
    private string? _noCountReason;
    private int _isNoMaintenanceTold;
    private readonly MaintenanceMode _maintenance = new(endpoint);

    /// <summary>Whether its endpoint was in maintenance mode when it last said so, whoever has put it there.</summary>
    internal bool IsInMaintenance { get => _maintenance.IsOn; init => _maintenance.IsOn = value; }

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="notice">Told of each change, once, in their order. What it throws ends the run.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(Action<AsteriskNotice> notice, CancellationToken cancellationToken)
    {
        var state = new AsteriskState(address, credentials, notice, time, logger) { IsInMaintenance = IsInMaintenance };
        while (true)
        {
            var delay = RetryDelay;

            // Before what is mended could be read: whoever asks from here on is not satisfied by this try.
            _again = NewAgain();
            try
            {
                await ConnectAndWatchAsync(state, cancellationToken).ConfigureAwait(false);
            }
            catch (AmiRefusedException refused)
            {
                state.LoginRefused(refused.Message);
                delay = RefusedDelay;
            }
            catch (AmiShuttingDownException)
            {
                state.ShuttingDown();
            }
            catch (AmiException exception)
            {
                state.Unreachable(exception.Message);
            }

            await RestAsync(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Does not wait for the next try: what kept it out may have been mended.</summary>
    public void TryAgainNow() => _again.TrySetResult();

    /// <summary>
    /// Counts calls and channels; null when that cannot be known now: without a connection, and from the beginning of a graceful shutdown
    /// on, since Asterisk answers nothing then.
    /// </summary>
    public async Task<AsteriskCount?> CountAsync(CancellationToken cancellationToken)
    {
        if (_session is not { } session)
        {
            return null;
        }

        try
        {
            var count = await session.CountAsync(cancellationToken).ConfigureAwait(false);
            Interlocked.Exchange(ref _noCountReason, null);
            return count;
        }
        catch (AmiException exception)
        {
            // Of what ends the session, and of a shutdown, the run tells.
            if (!exception.IsTransient && Interlocked.Exchange(ref _noCountReason, exception.Message) != exception.Message)
            {
                AsteriskLog.NoCount(logger, address, exception.Message);
            }

            return null;
        }
    }

    /// <summary>Puts its endpoint into maintenance mode, or out of it.</summary>
    /// <returns>Whether that is done. Why not is told once.</returns>
    internal async Task<bool> SetMaintenanceAsync(bool isOn, CancellationToken cancellationToken)
    {
        if (_session is not { } session)
        {
            return false;
        }

        try
        {
            await session.SetMaintenanceAsync(_maintenance.Endpoint, isOn, cancellationToken).ConfigureAwait(false);
            _maintenance.IsOn = isOn;
            Interlocked.Exchange(ref _isNoMaintenanceTold, 0);
            return true;
        }
        catch (AmiException exception)
        {
            TellNoMaintenance(exception);
            return false;
        }
    }

    private static TaskCompletionSource NewAgain() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RestAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await _again.Task.WaitAsync(delay, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nobody was in a hurry.
        }
    }

    /// <exception cref="AmiException">There is no session, or no more.</exception>
    private async Task ConnectAndWatchAsync(AsteriskState state, CancellationToken cancellationToken)
    {
        var booted = new SessionEvent(time);
        var ending = new SessionEvent(time);
        await using var session = await AmiSession.OpenAsync(address, credentials, OnEvent, time, cancellationToken).ConfigureAwait(false);
        if (!await booted.ComesAsync(session.Closed, BootTime, cancellationToken).ConfigureAwait(false) && _notBooted.Allows())
        {
            AsteriskLog.NotBooted(logger, address, BootTime, credentials.User);
        }

        await AskMaintenanceAsync(session, cancellationToken).ConfigureAwait(false);
        _session = session;
        try
        {
            state.Connected();
            state.Maintenance(_maintenance.IsOn, _maintenance.Endpoint);
            while (!await ending.ComesAsync(session.Closed, PingInterval, cancellationToken).ConfigureAwait(false))
            {
                await PingAsync(session, state, cancellationToken).ConfigureAwait(false);
                state.Maintenance(_maintenance.IsOn, _maintenance.Endpoint);
            }

            state.ShuttingDown();
            throw await session.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _session = null;
        }

        void OnEvent(AmiMessage message)
        {
            if (message.Is("Event", "FullyBooted"))
            {
                booted.Come();
            }
            else if (message.Is("Event", "Shutdown"))
            {
                ending.Come();
            }
            else
            {
                _maintenance.Take(message);
            }
        }
    }

    /// <exception cref="AmiException">There is no answer: who refuses this one has no maintenance mode.</exception>
    private async Task AskMaintenanceAsync(AmiSession session, CancellationToken cancellationToken)
    {
        try
        {
            await _maintenance.AskAsync(session, cancellationToken).ConfigureAwait(false);
        }
        catch (AmiRefusedException refused)
        {
            _maintenance.IsOn = false;
            TellNoMaintenance(refused);
        }
    }

    private void TellNoMaintenance(AmiException exception)
    {
        if (!exception.IsTransient && Interlocked.Exchange(ref _isNoMaintenanceTold, 1) == 0)
        {
            AsteriskLog.NoMaintenance(logger, address, _maintenance.Endpoint, exception.Message);
        }
    }

    private static async Task PingAsync(AmiSession session, AsteriskState state, CancellationToken cancellationToken)
    {
        try
        {
            await session.PingAsync(cancellationToken).ConfigureAwait(false);
            state.Alive();
        }
        catch (AmiShuttingDownException)
        {
            state.ShuttingDown();
        }
    }
}
