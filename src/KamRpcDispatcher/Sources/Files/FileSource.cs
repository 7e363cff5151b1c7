using System.Threading.Channels;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Files;

/// <summary>The members in a file (<see cref="MemberFile"/>), which is read again whenever it may have changed.</summary>
/// <remarks>
/// What cannot be read changes nothing: a file that is missing is no statement about anybody, and one that is being written is whole a moment later. Who is not in the file any
/// more was taken out by whoever writes it: see <see cref="WholeListings.AsOthersStay"/>.
/// </remarks>
/// <param name="path">The file's full path.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
internal sealed class FileSource(string path, TimeProvider timeProvider, ILogger<FileSource> logger, Func<OperatorIntents?>? wished = null) : IMemberOrigin
{
    /// <summary>How often the file is looked at though nobody says that it has changed: another machine may write it.</summary>
    internal static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>For how long something may be wrong that may be in the middle of being written, or renamed.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>From one reading to the next, and no less than the last one took: somebody may write without a pause.</summary>
    internal static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(5);

    private const int LongestPath = 512;

    private readonly Channel<bool> _events = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly WholeListings _listings = new(timeProvider, wished);
    private readonly Outage _outage = new(timeProvider);
    private readonly string _shown = SafeText.Shorten(path, LongestPath);
    private volatile StoreOutage? _away;
    private Membership? _saved;
    private long _heardAt;
    private byte[]? _taken;
    private (FileStatus Status, DateTime Written)? _seen;
    private long? _wrongSince;
    private bool _isToldOpen;
    private Task? _waiting;

    public Membership? Current => _listings.Current;

    public StoreOutage? Away => _away;

    public TimeSpan? HeardAgo => Interlocked.Read(ref _heardAt) is not 0 and var at ? timeProvider.GetElapsedTime(at) : null;

    public void Seed(Membership before)
    {
        _saved = before;
        _listings.Seed(before);
    }

    public bool SeedListed(IReadOnlyList<Member> listed) => _listings.SeedListed(listed);

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        using var watch = new FileWatch(path, () => _events.Writer.TryWrite(true));
        while (true)
        {
            var begun = timeProvider.GetTimestamp();
            var isNew = watch.Ensure();
            if (Read(isEvent: isNew || _events.Reader.TryRead(out _)))
            {
                changed();
            }

            var took = timeProvider.GetElapsedTime(begun);
            await Task.Delay(took > LeastPause ? took : LeastPause, timeProvider, cancellationToken).ConfigureAwait(false);
            try
            {
                await WaitAsync(cancellationToken).WaitAsync(_wrongSince is not null && _away is null ? Patience : CheckInterval, timeProvider, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Nobody said anything.
            }
        }
    }

    /// <summary>One wait outlasts many checks: each new one would stay in the channel.</summary>
    private Task WaitAsync(CancellationToken cancellationToken) =>
        _waiting is { IsCompleted: false } waiting ? waiting : _waiting = _events.Reader.WaitToReadAsync(cancellationToken).AsTask();

    /// <summary>Reads the file, if it may be another one than before.</summary>
    /// <param name="isEvent">Whether something has happened to it.</param>
    /// <returns>Whether the membership is another one now.</returns>
    private bool Read(bool isEvent)
    {
        try
        {
            var before = Look();
            if (!isEvent && before is not null && before == _seen && _wrongSince is null)
            {
                Interlocked.Exchange(ref _heardAt, timeProvider.GetTimestamp());
                return false;
            }

            var content = NamedFile.ReadBytes(path, MemberFile.MaxLength);
            if (Look() != before && !IsPatienceOver())
            {
                // It is being written: half of it is old, perhaps. It is read again at once.
                _events.Writer.TryWrite(true);
                return false;
            }

            var isChanged = Take(content);
            _seen = before;
            return isChanged;
        }
        catch (MemberFileException exception)
        {
            Wrong($"{_shown}:{exception.Message}. Correct it there");
        }
        catch (FileNotFoundException)
        {
            Wrong($"there is no {_shown}. Put it there");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Wrong($"{SafeText.Shorten(exception.Message, LongestPath)}. Make it a file that this user may read");
        }

        return false;
    }

    private bool Take(byte[] content)
    {
        if (_taken is not null && content.AsSpan().SequenceEqual(_taken))
        {
            Right();
            return false;
        }

        var read = MemberFile.Read(content);
        _taken = content;
        var before = _listings.Current;
        var isChanged = _listings.Replace(read.Members, []);
        Right();
        foreach (var remark in read.Ignored)
        {
            FileLog.LeftOut(logger, _shown, remark);
        }

        if (isChanged && _listings.Current is { } now)
        {
            FileLog.Taken(logger, _shown, now.Members.Count, now.Revision);
            TellEmptied(before, now);
        }

        return isChanged;
    }

    private void TellEmptied(Membership? before, Membership now)
    {
        // Those of before are held already.
        var expired = now.Expired.Except(before?.Expired ?? _saved?.Expired ?? []);
        foreach (var set in expired.GroupBy(static one => one.Member.Key.Set).Where(set => set.Count() > 1 && !now.Members.Any(member => member.Key.Set == set.Key && member.State == MemberState.Ready)))
        {
            FileLog.SetEmptied(logger, _shown, set.Key, set.Count(), before is null ? _saved?.OfOthers([set.Key], _ => $"file:{path}") ?? string.Empty : string.Empty);
        }
    }

    private void Right()
    {
        Interlocked.Exchange(ref _heardAt, timeProvider.GetTimestamp());
        (_wrongSince, _away) = (null, null);
        if (_outage.End() is { } lasted)
        {
            FileLog.TakenAgain(logger, _shown, lasted);
        }

        if (!_isToldOpen && FileStatus.Of(path) is { } status && status.Mode.HasFlag(UnixFileMode.OtherWrite))
        {
            _isToldOpen = true;
            FileLog.OpenToOthers(logger, _shown);
        }
    }

    /// <summary>Nothing is told of what is whole a moment later.</summary>
    private void Wrong(string reason)
    {
        _seen = null;
        if (!IsPatienceOver())
        {
            return;
        }

        switch (_outage.Meet(reason))
        {
            case OutageNews.Begins or OutageNews.Changes:
                FileLog.NotTaken(logger, _shown, reason);
                break;
            case OutageNews.Lasts:
                FileLog.StillNotTaken(logger, _shown, _outage.Lasted, reason);
                break;
        }

        _away = new StoreOutage(_outage.Since ?? timeProvider.GetUtcNow(), reason) { Store = $"file:{path}" };
    }

    private bool IsPatienceOver()
    {
        _wrongSince ??= timeProvider.GetTimestamp();
        return timeProvider.GetElapsedTime(_wrongSince.Value) >= Patience;
    }

    private (FileStatus Status, DateTime Written)? Look() => FileStatus.Of(path) is { } status ? (status, File.GetLastWriteTimeUtc(path)) : null;
}
