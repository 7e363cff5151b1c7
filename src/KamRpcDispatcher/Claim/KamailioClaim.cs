using KamailioRpc;
using KamailioRpc.Errors;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Claim;

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
    private readonly ClaimTerm _term;
    private readonly Mark _mark;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<KamailioClaim> _logger;

    /// <summary>The cycle and the beat: one of them at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>After each call that was not answered the mark is read anew.</summary>
    private readonly LogLimit _marked;
    private bool _isWritten;

    /// <summary>Which Kamailio the mark was read in last.</summary>
    private volatile string _read = string.Empty;
    private long _beat;
    private readonly TableAbsence _absence;

    public KamailioClaim(IRpcClient client, IdentityLock? identityLock, string holder, TimeProvider timeProvider, ILogger<KamailioClaim> logger)
    {
        _client = client;
        _identityLock = identityLock;
        _table = new MarkTable(client);
        _term = new ClaimTerm(timeProvider);
        _lifeSign = new LifeSign(_table, timeProvider, logger);
        _mark = Mark.Of(holder);
        _timeProvider = timeProvider;
        _logger = logger;
        _marked = new LogLimit(timeProvider);
        _absence = new TableAbsence(timeProvider, logger);
    }

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await (_identityLock?.EnsureAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            if (!_absence.Lasts(_client.InstanceToken))
            {
                await ClaimAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (KamailioRpcException)
        {
            // Another one may be there by the next call.
            _term.End();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        if ((_term.IsValid && _client.InstanceToken == _read) || _absence.Lasts(_client.InstanceToken))
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
                if (_isWritten && !_absence.Lasts(_client.InstanceToken) && _client.Unanswered is not { IsWriterStuck: true })
                {
                    await ClaimAsync(cancellationToken).ConfigureAwait(false);
                    await BeatAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (KamailioRpcException)
            {
                // It is away, and another one may be there by the next time.
                _term.End();
            }
            finally
            {
                _term.Turn();
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

    /// <summary>Takes the claim where it is to be had, and makes sure that it is held; whether it was held all the time.</summary>
    private async Task<bool> ClaimAsync(CancellationToken cancellationToken)
    {
        Mark? dead = null;
        var (isUnbroken, isRepeated) = (_term.IsHeld, false);
        try
        {
            while (true)
            {
                var instance = _client.InstanceToken;
                var asked = _timeProvider.GetTimestamp();
                var found = await _table.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (found?.Id == _mark.Id)
                {
                    if (_term.IsSettled(asked))
                    {
                        await HoldAsync(asked, instance, cancellationToken).ConfigureAwait(false);
                        return isUnbroken;
                    }

                    if (_term.IsValid)
                    {
                        return isUnbroken;
                    }

                    await Task.Delay(_term.UntilSettled is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero, _timeProvider, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                _term.End();
                isUnbroken = false;
                if (found is null && !isRepeated && _timeProvider.GetElapsedTime(asked) > ClaimTimes.Prompt)
                {
                    // It waited behind another call, or until Kamailio had started: what is asked for now counts from now.
                    isRepeated = true;
                    continue;
                }

                if (found is not null && found != dead)
                {
                    _term.Lose();
                    dead = await _lifeSign.IsSeenAsync(found, cancellationToken).ConfigureAwait(false) ? throw new ProxyTakenException(found.Holder) : found;
                    continue;
                }

                if (await WriteAsync(asked, instance, found, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
        }
        catch (KamailioFaultException fault) when (MarkTable.IsMissing(fault))
        {
            _absence.Meet(_client.InstanceToken, fault);
            return isUnbroken;
        }
    }

    /// <summary>Writes the mark; true when that makes the claim held.</summary>
    private async Task<bool> WriteAsync(long asked, string instance, Mark? dead, CancellationToken cancellationToken)
    {
        _term.Write();
        _isWritten = true;
        await _table.WriteAsync(_mark, cancellationToken).ConfigureAwait(false);
        _read = instance;
        var isHeld = _term.Written(asked, dead is null);
        if (dead is not null)
        {
            ClaimLog.TakenOver(_logger, dead.Holder);
            await _table.DeleteBeatAsync(dead, cancellationToken).ConfigureAwait(false);
        }

        return isHeld;
    }

    private async Task HoldAsync(long asked, string instance, CancellationToken cancellationToken)
    {
        _absence.End();
        _read = instance;
        if (_term.Confirm(asked, instance.Length == 0 ? ClaimTimes.FirstValidity : ClaimTimes.Validity))
        {
            if (_marked.Allows())
            {
                ClaimLog.Marked(_logger, MarkTable.Name);
            }

            await BeatAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (_term.IsHeld)
        {
            await _table.WriteBeatAsync(_mark, ++_beat, cancellationToken).ConfigureAwait(false);
        }
    }
}
