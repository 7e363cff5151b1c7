using System.Threading.Channels;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>
/// Keeps the list that Kamailio loads at a start equal to what Kamailio has, so that one that restarts has all its destinations at once, as they were: also while this
/// daemon or its members' source is away. It is never the way of a change, but for <see cref="BulkReload"/>.
/// </summary>
/// <param name="file">The list.</param>
/// <param name="cluster">Our mark.</param>
/// <param name="findListFile">Finds which file Kamailio loads.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class BootListKeeper(BootListFile file, string cluster, Func<CancellationToken, Task<ListFileUse>> findListFile, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Between two writes; longer where one takes longer than a twentieth of it.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>So long somebody else may write the file before that is trouble.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int RestPart = 20;

    /// <summary>What was read last, until it is written.</summary>
    private readonly Channel<DispatcherTable> _due = Channel.CreateBounded<DispatcherTable>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Held while the file is written, which may take long.</summary>
    private readonly Lock _writing = new();
    private readonly ListFileMemory _use = new(findListFile);

    private IReadOnlyList<ListedDestination> _kept = [];
    private int _count;
    private string? _own;
    private DispatcherTable? _owed;
    private long? _owedSince;
    private int? _badLine;
    private KamailioInstance? _toldFor;
    private volatile string? _failure;
    private volatile string? _leftOut;
    private volatile string? _notLoaded;
    private readonly Repetition _overwritten = new(timeProvider);

    /// <summary>The file's path.</summary>
    public string FilePath => file.FilePath;

    /// <summary>What keeps a start of Kamailio from having what it has now; null for nothing.</summary>
    public string? Trouble =>
        _failure is { } failure ? $"{FilePath} cannot be kept equal to what Kamailio has ({failure}): a Kamailio that starts now begins with what it finds there, or does not start"
        : _badLine is { } line ? $"line {line} of {FilePath} names no destination: Kamailio loads none of a list with such a line, and does not start. Correct it, or put a # before it"
        : _notLoaded ?? _leftOut ?? (_overwritten.IsOften ? $"our lines in {FilePath} are written by somebody else too, again and again: another dispatcher of this cluster with the same --boot-list? Give each Kamailio a list of its own" : null);

    /// <summary>Takes note of a reading. Who calls does not wait for the disk.</summary>
    public void Observe(DispatcherTable table) => _due.Writer.TryWrite(table);

    /// <summary>Writes what was read last, as often as that costs little, and what is left at the end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var begun = timeProvider.GetTimestamp();
                EnsureThere();
                if (WriteDue() is var (table, count))
                {
                    var use = await FindUseAsync(table.Instance, cancellationToken).ConfigureAwait(false);
                    _notLoaded = WhyNotLoaded(use);
                    Tell(table.Instance, use, count);
                }

                var pause = RestPart * timeProvider.GetElapsedTime(begun);
                await Task.Delay(pause > Rest ? pause : Rest, timeProvider, cancellationToken).ConfigureAwait(false);
                await AwaitDueAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            WriteDue();
        }
    }

    /// <summary>Waits until something is due, or may be missing.</summary>
    private async Task AwaitDueAsync(CancellationToken cancellationToken)
    {
        using var rest = new CancellationTokenSource(Rest, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(rest.Token, cancellationToken);
        await ((Task)_due.Reader.WaitToReadAsync(either.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc cref="ListFileMemory.FindAsync"/>
    public Task<ListFileUse> FindUseAsync(KamailioInstance instance, CancellationToken cancellationToken) => _use.FindAsync(instance, cancellationToken);

    /// <summary>Whether a path of Kamailio's, as it can be opened from here, is the file's, or leads to it.</summary>
    public bool IsKept(string path) => path == FilePath || (FileStatus.Of(path) is { } its && FileStatus.Of(FilePath) is { } kept && its.IsSameFile(kept));

    /// <summary>The operator's destinations in the file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public IReadOnlyList<BootListLine> ReadOthers() => BootList.Others(file.Read(), cluster);

    /// <summary>Writes what Kamailio is about to load, at once; what was read before is not written any more.</summary>
    /// <returns>What no line can hold.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public IReadOnlyList<ListedDestination> Write(IReadOnlyList<ListedDestination> entries)
    {
        lock (_writing)
        {
            _ = _due.Reader.TryRead(out _);
            _owed = null;
            return WriteNow(entries).LeftOut;
        }
    }

    /// <summary>A Kamailio that does not run does not start without it.</summary>
    private void EnsureThere()
    {
        lock (_writing)
        {
            if (FileStatus.OfLink(FilePath) is null)
            {
                Try(() => WriteNow(_owed?.Destinations ?? _kept));
            }
        }
    }

    /// <summary>Writes what is due, where it is another than stands there. A disk that does not take it is tried with each reading.</summary>
    /// <returns>What was due, and how many of ours are in the file; null where nothing was due.</returns>
    private (DispatcherTable Table, int Count)? WriteDue()
    {
        lock (_writing)
        {
            if (!_due.Reader.TryRead(out var table) && (table = _owed) is null)
            {
                return null;
            }

            _owed = table;
            if (_failure is not null || !file.IsAsWritten || !_kept.SequenceEqual(table.Destinations))
            {
                Try(() =>
                {
                    var leftOut = WriteNow(table.Destinations).LeftOut;
                    _leftOut = leftOut is [var first, ..]
                        ? $"{FilePath} lacks {leftOut.Count} of ours, of which no line can be made that Kamailio reads (the first is {first.Uri} of set {first.Set}): after a start of Kamailio they come with the first cycle"
                        : null;
                });
            }
            else
            {
                _owed = null;
            }

            return (table, _count);
        }
    }

    private void Try(Action write)
    {
        try
        {
            write();
            (_toldFor, _failure, _owed, _owedSince) = (_failure is null ? _toldFor : null, null, null, null);
        }
        catch (FileInUseException exception)
        {
            // He may not be at its end: it is tried again in a moment.
            _owedSince ??= timeProvider.GetTimestamp();
            _failure = timeProvider.GetElapsedTime(_owedSince.Value) > Patience ? exception.Message : _failure;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _failure = exception.Message;
        }
    }

    /// <summary>Once for each start of Kamailio, and when what hindered is over.</summary>
    private void Tell(KamailioInstance instance, ListFileUse use, int count)
    {
        if (_failure is not null || _owed is not null || _badLine is not null || _notLoaded is not null || _toldFor == instance)
        {
            return;
        }

        _toldFor = instance;
        if (use.WhyUnknown is { } reason)
        {
            BootListLog.KeptForUnknown(logger, FilePath, count, reason);
            return;
        }

        BootListLog.Kept(logger, FilePath, count);
    }

    private BootListText WriteNow(IReadOnlyList<ListedDestination> entries)
    {
        BootListText? composed = null;
        if (file.Write(text =>
        {
            var found = BootList.Own(text, cluster);
            if (_own is not null && found.Length > 0 && found != _own)
            {
                _overwritten.Note();
            }

            return (composed = BootList.Compose(text, entries, cluster)).Text;
        }))
        {
            BootListLog.Written(logger, FilePath, composed!.Count);
        }

        (_own, _badLine) = (composed!.Own, BootList.BadLine(composed.Text));
        (_kept, _count) = (entries, composed.Count);
        return composed;
    }

    private string? WhyNotLoaded(ListFileUse use) => use.IsNone
        ? $"Kamailio does not load {FilePath} (--boot-list) at its start: {use.WhyUnknown}. What is kept there is of no use to it then: leave the option out, or take the database out"
        : use.Path is { } path && !IsKept(path)
        ? $"Kamailio loads {use.Name} at its start, and not {FilePath} (--boot-list), which is of no use to it then: #!define KAMRPC_LIST_FILE \"{FilePath}\" above the include of the snippet, and a restart"
        : null;
}
