using KamRpcDispatcher.Asterisk.Ami;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Asterisk;

/// <summary>Keeps a session with one Asterisk's manager interface, says what changes there, and counts its calls.</summary>
public sealed class AsteriskMonitor(AmiAddress address, AmiCredentials credentials, TimeProvider time, ILogger logger)
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

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="notice">Told of each change, once, in their order. What it throws ends the run.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(Action<AsteriskNotice> notice, CancellationToken cancellationToken)
    {
        var state = new AsteriskState(address, credentials, notice, time, logger);
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

        _session = session;
        try
        {
            state.Connected();
            while (!await ending.ComesAsync(session.Closed, PingInterval, cancellationToken).ConfigureAwait(false))
            {
                await PingAsync(session, state, cancellationToken).ConfigureAwait(false);
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
