namespace KamRpcDispatcher.Push;

/// <summary>Says at once (inotify) when Kamailio's socket is made anew: after a restart the table is empty.</summary>
internal sealed class SocketWatcher : IDisposable
{
    private readonly string _path;
    private readonly Action _created;
    private readonly Action<Exception> _failed;
    private FileSystemWatcher? _watcher;

    /// <param name="path">The socket.</param>
    /// <param name="created">Called on a thread of the runtime's.</param>
    /// <param name="failed">Told what <paramref name="created"/> throws, which would end the process.</param>
    public SocketWatcher(string path, Action created, Action<Exception> failed)
    {
        _path = path;
        _created = created;
        _failed = failed;
        Ensure();
    }

    /// <summary>Watches again where that ended: the directory goes when Kamailio's unit stops, and the watch with it.</summary>
    public void Ensure()
    {
        var directory = Path.GetDirectoryName(_path)!;
        if (!Directory.Exists(directory))
        {
            Dispose();
            return;
        }

        if (_watcher is not null)
        {
            return;
        }

        try
        {
            var watcher = new FileSystemWatcher(directory, Path.GetFileName(_path)) { NotifyFilter = NotifyFilters.FileName };
            watcher.Created += (_, _) => Created();
            watcher.Renamed += (_, _) => Created();
            watcher.Error += (_, _) => Dispose();
            watcher.EnableRaisingEvents = true;
            _watcher = watcher;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // No inotify instance left, or the directory went in between: the retries notice too, a little later.
        }
    }

    private void Created()
    {
        try
        {
            _created();
        }
        catch (Exception exception)
        {
            _failed(exception);
        }
    }

    public void Dispose()
    {
        _watcher?.Dispose();
        _watcher = null;
    }
}
