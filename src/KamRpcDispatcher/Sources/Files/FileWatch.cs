using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Sources.Files;

/// <summary>
/// Says at once (inotify) when a path may lead to something else than before: the file was written, replaced, or removed, or a link on the way to it was (a ConfigMap of
/// Kubernetes' is a link to a file behind a second link, <c>..data</c>, and that one is replaced). Where it cannot watch, whoever asks now and then sees it a little later.
/// </summary>
/// <param name="path">The file's full path.</param>
/// <param name="changed">Called on a thread of the runtime's.</param>
internal sealed class FileWatch(string path, Action changed) : IDisposable
{
    /// <summary>As the kernel follows links.</summary>
    private const int MostLinks = 40;

    private readonly Dictionary<string, (FileSystemWatcher Watcher, FileStatus Directory)> _watchers = new(StringComparer.Ordinal);

    /// <summary>Watches what is on the way to the file now. One caller at a time.</summary>
    /// <returns>Whether something is watched from now on that was not: it may have changed before.</returns>
    public bool Ensure()
    {
        var directories = DirectoriesOnTheWay(path);
        foreach (var (directory, (watcher, known)) in _watchers.ToList())
        {
            if (!directories.Contains(directory) || FileStatus.Of(directory) is not { } now || !now.IsSameFile(known) || !watcher.EnableRaisingEvents)
            {
                watcher.Dispose();
                _watchers.Remove(directory);
            }
        }

        var isNew = false;
        foreach (var directory in directories.Where(directory => !_watchers.ContainsKey(directory)))
        {
            if (FileStatus.Of(directory) is { IsDirectory: true } status && Of(directory) is { } watcher)
            {
                _watchers[directory] = (watcher, status);
                isNew = true;
            }
        }

        return isNew;
    }

    public void Dispose()
    {
        foreach (var (watcher, _) in _watchers.Values)
        {
            watcher.Dispose();
        }

        _watchers.Clear();
    }

    /// <summary>The directory of each link and of the file itself; of what is not there, the nearest that is.</summary>
    internal static IReadOnlyList<string> DirectoriesOnTheWay(string path)
    {
        var directories = new List<string>();
        var rest = new Stack<string>(Parts(path));
        var at = "/";
        for (var links = 0; rest.TryPop(out var part);)
        {
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? "/";
                continue;
            }

            var next = Path.Combine(at, part);
            var status = FileStatus.OfLink(next);
            if (status is { IsLink: true } && links++ < MostLinks && new FileInfo(next).LinkTarget is { } target)
            {
                directories.Add(at);
                at = target.StartsWith('/') ? "/" : at;
                foreach (var one in Parts(target))
                {
                    rest.Push(one);
                }

                continue;
            }

            if (status is null || rest.Count == 0)
            {
                directories.Add(at);
                break;
            }

            at = next;
        }

        return [.. directories.Distinct(StringComparer.Ordinal)];

        static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(static part => part != ".").Reverse();
    }

    private FileSystemWatcher? Of(string directory)
    {
        var watcher = new FileSystemWatcher();
        try
        {
            (watcher.Path, watcher.NotifyFilter) = (directory, NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.Attributes);
            watcher.Created += (_, _) => changed();
            watcher.Changed += (_, _) => changed();
            watcher.Deleted += (_, _) => changed();
            watcher.Renamed += (_, _) => changed();
            watcher.Error += (_, _) =>
            {
                watcher.EnableRaisingEvents = false;
                changed();
            };
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No inotify instance left, or the directory went in between.
            watcher.Dispose();
            return null;
        }
    }
}
