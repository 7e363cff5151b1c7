using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources;

/// <summary>Saves the membership of another source, and stands in with the saved one while that source has none yet.</summary>
/// <param name="inner">The other source.</param>
/// <param name="file">Where it is saved.</param>
/// <param name="patience">How long the other source may take.</param>
/// <param name="seed">Tells the other source, before it runs, what was known last.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="hold">Whether the file is this daemon's; null for always.</param>
/// <param name="name">How people call the other source.</param>
/// <param name="sourceOf">How they call what brings a set in it; null for the same.</param>
internal sealed class SnapshottingSource(
    IMembershipSource inner,
    SnapshotFile file,
    TimeSpan patience,
    Action<Membership> seed,
    TimeProvider timeProvider,
    ILogger<SnapshottingSource> logger,
    SnapshotLock? hold = null,
    string name = StoreOutage.Etcd,
    Func<int, string>? sourceOf = null) : IMembershipSource
{
    /// <summary>The time from one write to the next: what changes in between is one write.</summary>
    internal static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(1);

    /// <summary>The time from a write that failed to the next attempt.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    /// <summary>The time between two checks whether the file is still there: what is below /run goes with a service, what is below /tmp with a cleaner.</summary>
    internal static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    // One entry: that something changed since the last write. Its reader continues on another thread than the writer's.
    private readonly Channel<bool> _unsaved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly LoopFaults _faults = new($"the saving of the membership in {file.FilePath}", logger);

    private volatile Membership? _standIn;

    /// <summary>Of the sources those that had not answered when what was saved was replaced in part.</summary>
    private IReadOnlyList<string> _unheard = [];
    private long _replaced;

    /// <summary>The wait for a change, which outlasts many checks of the file: each new one would stay in the channel until there is a change.</summary>
    private Task? _change;

    public Membership? Current
    {
        get
        {
            // In this order: the stand-in goes only after the source has its own, so that one of the two is seen.
            var standIn = _standIn;
            return inner.Current ?? standIn;
        }
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopKeeping = new CancellationTokenSource();
        var saved = ReadSaved();
        var following = inner.RunAsync(
            () =>
            {
                _unsaved.Writer.TryWrite(true);
                changed();
            },
            life.Token);
        var keeping = KeepAsync(saved, changed, stopKeeping.Token);
        try
        {
            // The keeper does not end by itself, unless it is broken: nothing would be saved from then on, and nobody would know.
            var ended = await Task.WhenAny(following, keeping).ConfigureAwait(false);
            await ended.ConfigureAwait(false);
        }
        finally
        {
            // The keeper stops after the source, so that the last change is saved.
            await life.CancelAsync().ConfigureAwait(false);
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stopKeeping.CancelAsync().ConfigureAwait(false);
            await keeping.ConfigureAwait(false);
        }
    }

    private async Task KeepAsync(Membership? saved, Action changed, CancellationToken stopping)
    {
        try
        {
            await StandInAsync(saved, changed, stopping).ConfigureAwait(false);
            while (true)
            {
                await UnsavedAsync(stopping).ConfigureAwait(false);
                if (TrySave())
                {
                    await Task.Delay(WriteInterval, timeProvider, stopping).ConfigureAwait(false);
                }
                else
                {
                    await Task.Delay(RetryInterval, timeProvider, stopping).ConfigureAwait(false);
                    _unsaved.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            TrySave();
        }
    }

    /// <summary>Waits until something has changed, or what was saved is gone.</summary>
    private async Task UnsavedAsync(CancellationToken stopping)
    {
        while (!_unsaved.Reader.TryRead(out _))
        {
            try
            {
                await ChangeAsync(stopping).WaitAsync(CheckInterval, timeProvider, stopping).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!file.IsMissing)
            {
                // As it should be.
            }
            catch (TimeoutException)
            {
                return;
            }
        }
    }

    private Task ChangeAsync(CancellationToken stopping) =>
        _change is { IsCompleted: false } waiting ? waiting : _change = _unsaved.Reader.WaitToReadAsync(stopping).AsTask();

    /// <summary>What was saved, which the other source then knows. Nothing that a file may hold keeps the store from being followed.</summary>
    private Membership? ReadSaved()
    {
        try
        {
            if (hold?.TryHold() == false || file.Read() is not { } saved)
            {
                return null;
            }

            saved = saved with { Expired = ExpiredMember.Marked(saved.Expired, timeProvider) };
            seed(saved);
            return saved;
        }
        catch (Exception exception)
        {
            _faults.Failed(exception);
            return null;
        }
    }

    private bool TrySave()
    {
        try
        {
            var isSaved = Save();
            _faults.Succeeded();
            return isSaved;
        }
        catch (Exception exception)
        {
            _faults.Failed(exception);
            return false;
        }
    }

    /// <summary>Waits for the store; brings the saved membership into force when that takes too long.</summary>
    private async Task StandInAsync(Membership? saved, Action changed, CancellationToken stopping)
    {
        try
        {
            await ChangeAsync(stopping).WaitAsync(patience, timeProvider, stopping).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            if (inner.Current is not null)
            {
                return;
            }

            if (saved is null)
            {
                SnapshotLog.NoSnapshot(logger, name, file.FilePath);
                return;
            }

            SnapshotLog.SnapshotInForce(logger, name, saved.Revision, saved.Members.Count, saved.OfOthers(saved.Members.Select(static member => member.Key.Set), sourceOf ?? (_ => name)), file.SavedAt);
            _standIn = saved with { IsFromSnapshot = true };
            changed();
        }
    }

    /// <summary>Each source has answered for itself: nothing is told of one that has not.</summary>
    private void TellReplaced(Membership membership)
    {
        if (_standIn is { } standIn)
        {
            (_standIn, _replaced, _unheard) = (null, standIn.Revision, membership.SavedOnly);
            if (_unheard.Count == 0)
            {
                SnapshotLog.SnapshotReplaced(logger, name, membership.Revision, standIn.Revision);
            }
            else
            {
                SnapshotLog.SnapshotPartlyReplaced(logger, string.Join(", ", _unheard), standIn.Revision);
            }
        }
        else if (_unheard.Except(membership.SavedOnly).ToList() is { Count: > 0 } heard)
        {
            SnapshotLog.SnapshotReplaced(logger, string.Join(", ", heard), membership.Revision, _replaced);
            _unheard = membership.SavedOnly;
        }
    }

    private bool Save()
    {
        if (inner.Current is not { } membership)
        {
            return true;
        }

        TellReplaced(membership);
        if (hold?.TryHold() == false || !file.Write(membership))
        {
            return false;
        }

        // The first write has made the directory.
        _ = hold?.TryHold();
        return true;
    }
}
