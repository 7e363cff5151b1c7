using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Says at once (inotify) when Kamailio's socket is made anew: after a restart the table is empty. systemd removes the directory of a unit that has ended and makes it
/// anew for the next start (<c>RuntimeDirectory=</c>) within milliseconds, and a watch ends with its directory without a word: so the directory above is watched too.
/// </summary>
internal sealed class SocketWatcher : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly string _directory;
    private readonly Action _created;
    private readonly Action<Exception> _failed;
    private FileSystemWatcher? _above;
    private FileSystemWatcher? _watcher;
    private FileStatus? _watched;
    private bool _isDisposed;

    /// <param name="path">The socket.</param>
    /// <param name="created">Called on a thread of the runtime's.</param>
    /// <param name="failed">Told what <paramref name="created"/> throws, which would end the process.</param>
    public SocketWatcher(string path, Action created, Action<Exception> failed)
    {
        _path = Path.GetFullPath(path);
        _directory = Path.GetDirectoryName(_path)!;
        _created = created;
        _failed = failed;
        Ensure();
    }

    /// <summary>Watches again where that ended.</summary>
    public void Ensure() => Watch(isNew: false);

    /// <param name="isNew">Whether the directory is known to be another one: it may have the number of the one before.</param>
    private void Watch(bool isNew)
    {
        bool mayBeThere;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            if (Path.GetDirectoryName(_directory) is { } parent)
            {
                _above ??= Of(parent, Path.GetFileName(_directory), NotifyFilters.DirectoryName, () => Watch(isNew: true));
            }

            mayBeThere = HasMoved(isNew);
        }

        if (mayBeThere && File.Exists(_path))
        {
            Tell(_created);
        }
    }

    /// <summary>Follows the directory.</summary>
    /// <returns>Whether it is watched from now on, and was not for a moment in which the socket may have been made.</returns>
    private bool HasMoved(bool isNew)
    {
        var found = FileStatus.Of(_directory);
        if (!isNew && _watcher is not null && found is { } now && _watched is { } before && now.IsSameFile(before))
        {
            return false;
        }

        _watcher?.Dispose();
        _watcher = found is { IsDirectory: true } ? Of(_directory, Path.GetFileName(_path), NotifyFilters.FileName, _created) : null;
        if (_watcher is null)
        {
            return false;
        }

        var hasMoved = _watched is not null;
        _watched = found;
        return hasMoved;
    }

    private FileSystemWatcher? Of(string directory, string name, NotifyFilters kind, Action appeared)
    {
        var watcher = new FileSystemWatcher();
        try
        {
            (watcher.Path, watcher.Filter, watcher.NotifyFilter) = (directory, name, kind);
            watcher.Created += (_, _) => Tell(appeared);
            watcher.Renamed += (_, _) => Tell(appeared);
            watcher.Error += (_, _) => Forget(watcher);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // No inotify instance left, or the directory went in between: the retries notice too, a little later.
            watcher.Dispose();
            return null;
        }
    }

    private void Forget(FileSystemWatcher watcher)
    {
        lock (_lock)
        {
            watcher.Dispose();
            (_above, _watcher) = (_above == watcher ? null : _above, _watcher == watcher ? null : _watcher);
        }
    }

    private void Tell(Action happened)
    {
        try
        {
            happened();
        }
        catch (Exception exception)
        {
            _failed(exception);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _above?.Dispose();
            _watcher?.Dispose();
        }
    }
}
