using System.Security.Cryptography;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Sources;

/// <summary>The last good membership that a proxy has followed, in a file that outlives the daemon. One caller at a time.</summary>
/// <remarks>A file that cannot be used is set aside, never trusted in part; one that others may write stays for whoever looks after its mode.</remarks>
internal sealed class SnapshotFile
{
    /// <summary>The largest file written and read, in bytes; enough for some 200,000 members.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    /// <summary>How many files that could not be used are kept, the newest as number 1.</summary>
    public const int MaxSetAside = 3;

    private readonly string _cluster;
    private readonly ILogger<SnapshotFile> _logger;
    private byte[]? _known;
    private bool _isFailing;

    /// <summary>What was read from the file of an earlier version.</summary>
    private Membership? _earlier;

    public SnapshotFile(string directory, string cluster, string proxy, ILogger<SnapshotFile> logger)
    {
        // Both become part of a file name.
        if ((MemberValidation.CheckCluster(cluster) ?? MemberValidation.CheckName(proxy)) is { } error)
        {
            throw new ArgumentException(error, nameof(cluster));
        }

        _cluster = cluster;
        _logger = logger;
        FilePath = Path.Combine(Path.GetFullPath(directory), $"membership-{SnapshotName.Of(cluster, proxy)}.snapshot");
        EarlierPath = Path.Combine(Path.GetFullPath(directory), $"membership-{cluster}.snapshot");
    }

    public string FilePath { get; }

    /// <summary>The file of versions in which all proxies of a user and a cluster had one: read while there is no newer one, and removed when that is written.</summary>
    public string EarlierPath { get; }

    /// <summary>Whether there is nothing where it should be.</summary>
    public bool IsMissing => !File.Exists(FilePath);

    /// <summary>When the membership that <see cref="Read"/> answered was written; null when there was none.</summary>
    public DateTimeOffset? SavedAt { get; private set; }

    /// <summary>Makes the membership the file's content, unless it is that already; false when the disk does not take it.</summary>
    public bool Write(Membership membership)
    {
        var content = SnapshotFormat.Write(_cluster, membership);
        var digest = SHA256.HashData(content);
        if (digest.AsSpan().SequenceEqual(_known) && !IsMissing)
        {
            return true;
        }

        try
        {
            if (content.Length > MaxLength)
            {
                throw new IOException($"it has {content.Length} bytes, more than {MaxLength}");
            }

            DurableFile.Replace(FilePath, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _known = null;
            if (!_isFailing)
            {
                SnapshotLog.SnapshotNotWritten(_logger, FilePath, exception.Message);
                _isFailing = true;
            }

            return false;
        }

        _known = digest;
        RemoveEarlier(membership);
        SnapshotLog.SnapshotWritten(_logger, membership.Revision, membership.Members.Count, FilePath);
        if (_isFailing)
        {
            SnapshotLog.SnapshotWrittenAgain(_logger, FilePath);
            _isFailing = false;
        }

        return true;
    }

    /// <summary>The membership in the file, or in that of an earlier version if that was written later; null when there is none, or none that can be used.</summary>
    public Membership? Read()
    {
        _earlier = null;
        var own = ReadFile(FilePath);
        if (!File.Exists(EarlierPath))
        {
            return own;
        }

        // One that is empty says nothing that is worth the doubt whose it is.
        var (savedAt, known) = (SavedAt, _known);
        _earlier = ReadFile(EarlierPath) is { Members.Count: > 0 } earlier ? earlier : null;
        if (_earlier is not null && (own is null || SavedOrigin.IsLater(_earlier, own, SavedAt > savedAt)))
        {
            return _earlier;
        }

        (SavedAt, _known) = (savedAt, known);
        return own;
    }

    private Membership? ReadFile(string path)
    {
        SavedAt = null;
        try
        {
            using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
            using var handle = directory.OpenBelieved(Path.GetFileName(path));
            if (handle is null)
            {
                return null;
            }

            var content = ReadWhole(handle);
            var membership = SnapshotFormat.Read(_cluster, content);
            SavedAt = File.GetLastWriteTimeUtc(handle);
            _known = path == FilePath ? SHA256.HashData(content) : null;
            return membership;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (OpenToOthersException exception)
        {
            // The next one that is written replaces it, be it the same.
            _known = null;
            SnapshotLog.SnapshotOpenToOthers(_logger, exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            SnapshotLog.SnapshotUnusable(_logger, path, exception.Message, SetAside(path));
            return null;
        }
    }

    private static byte[] ReadWhole(SafeFileHandle handle)
    {
        var length = RandomAccess.GetLength(handle);
        if (length > MaxLength)
        {
            throw new FormatException($"it has {length} bytes, more than {MaxLength}");
        }

        var content = new byte[length];
        for (var read = 0; read < length;)
        {
            var count = RandomAccess.Read(handle, content.AsSpan(read), read);
            read += count > 0 ? count : throw new FormatException("it became shorter while it was read");
        }

        return content;
    }

    /// <summary>Renames the file out of the way; answers what became of it.</summary>
    private string SetAside(string path)
    {
        _known = null;
        var name = Path.GetFileName(path);
        try
        {
            using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
            if (directory.Status(name) is { IsDirectory: true })
            {
                throw new IOException("it is a directory");
            }

            for (var number = MaxSetAside; number > 1; number--)
            {
                if (directory.Status(AsideName(name, number - 1)) is not null)
                {
                    directory.Rename(AsideName(name, number - 1), AsideName(name, number));
                }
            }

            directory.Rename(name, AsideName(name, 1));
            return $"it is kept as {Path.Combine(directory.Path, AsideName(name, 1))}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be set aside ({exception.Message})";
        }
    }

    private static string AsideName(string name, int number) => $"{name}.corrupt-{number}";

    /// <summary>
    /// What an earlier version left goes when its successor is written, if it is of the same store: it gets older, and some day another proxy of this user would
    /// start from it. One that still runs in the earlier version puts it back.
    /// </summary>
    private void RemoveEarlier(Membership membership)
    {
        if (_earlier is not { } earlier)
        {
            return;
        }

        _earlier = null;
        var created = membership.Members.ToDictionary(static member => member.Key, static member => member.CreatedRevision);
        if (!SavedOrigin.SharesMember(earlier, key => created.TryGetValue(key, out var revision) ? revision : null))
        {
            return;
        }

        try
        {
            using var directory = SafeDirectory.Open(Path.GetDirectoryName(EarlierPath)!);
            directory.TryDelete(Path.GetFileName(EarlierPath));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It stays, and is not read while the other one is newer.
        }
    }
}
