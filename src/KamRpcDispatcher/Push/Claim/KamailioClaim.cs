using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Claim;

/// <summary>
/// Makes one daemon at a time the one that serves a Kamailio, whatever address, user or host it comes from: by a lock on this machine, and by
/// a mark in Kamailio itself with a sign of life.
/// </summary>
/// <remarks>
/// htable reads and writes, but does not compare and set, so time decides (Fischer's algorithm): who found no mark writes his own, waits for
/// longer than anybody else's writing may lag behind that one's reading, and reads back. Whoever was slower than that waits for as long as the
/// other may go on without asking. A holder that was stopped finds another's mark before it changes the table again.
/// </remarks>
internal sealed class KamailioClaim : IClaim, IAsyncDisposable
{
    private readonly IRpcClient _client;
    private readonly IdentityLock? _identityLock;
    private readonly MarkTable _table;
    private readonly LifeSign _lifeSign;
    private readonly Mark _mark;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<KamailioClaim> _logger;

    /// <summary>The cycle and the beat: one of them at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    private long _validUntil = long.MinValue;
    private long _settledAt = long.MinValue;
    private long _turnedAt;
    private bool _wasHeld;
    private bool _isWritten;
    private long _beat;
    private (string Peer, long Since)? _withoutTable;
    private bool _isToldOfTable;

    public KamailioClaim(IRpcClient client, IdentityLock? identityLock, string holder, TimeProvider timeProvider, ILogger<KamailioClaim> logger)
    {
        _client = client;
        _identityLock = identityLock;
        _table = new MarkTable(client);
        _lifeSign = new LifeSign(_table, timeProvider, logger);
        _mark = Mark.Of(holder);
        _timeProvider = timeProvider;
        _logger = logger;
    }

    private bool IsWithoutTable =>
        _withoutTable is var (peer, since) && peer == _client.Peer && _timeProvider.GetElapsedTime(since) < ClaimTimes.NoTablePause;

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await (_identityLock?.EnsureAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            if (!IsWithoutTable)
            {
                await ClaimAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (KamailioRpcException)
        {
            // It is away, and the cycle says so. Another one may be there by the next call.
            Interlocked.Exchange(ref _validUntil, long.MinValue);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        if (IsValid || IsWithoutTable)
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!await ClaimAsync(cancellationToken).ConfigureAwait(false))
            {
                // What the plan was made from was another Kamailio's, or another daemon's.
                throw new KamailioGoneException("htable.get");
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives signs of life until cancelled.</summary>
    /// <exception cref="ProxyTakenException">Another daemon has taken over.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(ClaimTimes.BeatInterval, _timeProvider, cancellationToken).ConfigureAwait(false);
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (_isWritten && !IsWithoutTable)
                {
                    await ClaimAsync(cancellationToken).ConfigureAwait(false);
                    await BeatAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (KamailioRpcException)
            {
                // It is away: the next time.
            }
            finally
            {
                _turnedAt = _timeProvider.GetTimestamp();
                _turn.Release();
            }
        }
    }

    /// <summary>Takes the mark away, so that a successor need not wait.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(ClaimTimes.LateWait, _timeProvider);
        try
        {
            await _turn.WaitAsync(patience.Token).ConfigureAwait(false);
            if (_isWritten && (await _table.ReadAsync(patience.Token).ConfigureAwait(false))?.Id == _mark.Id)
            {
                await _table.DeleteAsync(patience.Token).ConfigureAwait(false);
            }

            if (_isWritten)
            {
                await _table.DeleteBeatAsync(_mark, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is KamailioRpcException or OperationCanceledException)
        {
            // Whoever comes next waits for a sign of life that does not come.
        }

        _identityLock?.Dispose();
        _turn.Dispose();
    }

    private bool IsValid => _timeProvider.GetTimestamp() < Interlocked.Read(ref _validUntil);

    /// <summary>Takes the claim where it is to be had, and makes sure that it is held; whether it was held all the time.</summary>
    private async Task<bool> ClaimAsync(CancellationToken cancellationToken)
    {
        Mark? dead = null;
        var isUnbroken = _wasHeld;
        try
        {
            while (true)
            {
                var asked = _timeProvider.GetTimestamp();
                var found = await _table.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (found?.Id == _mark.Id)
                {
                    if (IsSettled)
                    {
                        await HoldAsync(asked, cancellationToken).ConfigureAwait(false);
                        return isUnbroken;
                    }

                    if (IsValid)
                    {
                        return isUnbroken;
                    }

                    await Task.Delay(_timeProvider.GetElapsedTime(asked, _settledAt), _timeProvider, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                Interlocked.Exchange(ref _validUntil, long.MinValue);
                isUnbroken = false;
                if (found is not null && found != dead)
                {
                    _wasHeld = false;
                    dead = await _lifeSign.IsSeenAsync(found, cancellationToken).ConfigureAwait(false) ? throw new ProxyTakenException(found.Holder) : found;
                    continue;
                }

                if (await WriteAsync(asked, found, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
        }
        catch (KamailioFaultException fault)
        {
            NoTable(fault);
            return isUnbroken;
        }
    }

    private bool IsSettled => _timeProvider.GetTimestamp() >= _settledAt;

    /// <summary>Writes the mark; true when that makes it held, since it was before: nobody else waits for this Kamailio to be restarted.</summary>
    private async Task<bool> WriteAsync(long asked, Mark? dead, CancellationToken cancellationToken)
    {
        // Should no answer come, it may have been written, or be written a little later.
        _settledAt = After(ClaimTimes.LateWait);
        _isWritten = true;
        await _table.WriteAsync(_mark, cancellationToken).ConfigureAwait(false);
        var isPrompt = _timeProvider.GetElapsedTime(asked) <= ClaimTimes.Prompt;
        var isHolder = isPrompt && dead is null && _wasHeld && _timeProvider.GetElapsedTime(_turnedAt) < ClaimTimes.LongestPause;
        _settledAt = After(isHolder ? ClaimTimes.FirstValidity : isPrompt ? ClaimTimes.NewcomerWait : ClaimTimes.LateWait);
        _wasHeld = isHolder;
        if (isHolder)
        {
            Interlocked.Exchange(ref _validUntil, _settledAt);
        }

        if (dead is not null)
        {
            ClaimLog.TakenOver(_logger, dead.Holder);
            await _table.DeleteBeatAsync(dead, cancellationToken).ConfigureAwait(false);
        }

        return isHolder;
    }

    private async Task HoldAsync(long asked, CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref _validUntil, asked + Ticks(ClaimTimes.Validity));
        _isToldOfTable = false;
        _withoutTable = null;
        if (!_wasHeld)
        {
            _wasHeld = true;
            _turnedAt = _timeProvider.GetTimestamp();
            ClaimLog.Marked(_logger, MarkTable.Name);
            await BeatAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (_wasHeld)
        {
            await _table.WriteBeatAsync(_mark, ++_beat, cancellationToken).ConfigureAwait(false);
        }
    }

    private void NoTable(KamailioFaultException fault)
    {
        _withoutTable = (_client.Peer, _timeProvider.GetTimestamp());
        if (!_isToldOfTable)
        {
            _isToldOfTable = true;
            ClaimLog.NoTable(_logger, fault.Message, MarkTable.ConfigLines);
        }
    }

    private long After(TimeSpan time) => _timeProvider.GetTimestamp() + Ticks(time);

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _timeProvider.TimestampFrequency);
}
