using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Reads the rights of files and directories.</summary>
internal static class Files
{
    /// <summary>Null when there is no such file, or its directory cannot be entered.</summary>
    public static FileRights? Rights(string path) => FileStatus.Of(path) is { } status
        ? new FileRights(path, status.User, $"{Names.User(status.User)}:{Names.Group(status.Group)}", status.Mode) { Group = status.Group, IsDirectory = status.IsDirectory }
        : null;

    /// <summary>The first directory on the way to a file through which this user may not pass; null when there is none.</summary>
    public static FileRights? Closed(string path)
    {
        // By passing through it, since rights alone do not tell (capabilities, access control lists).
        for (var (end, directory) = (0, "/"); ; directory = path[..end])
        {
            if (FileStatus.Of(directory) is not { IsDirectory: true })
            {
                return null;
            }

            if (FileStatus.Of(Path.Combine(directory, ".")) is null)
            {
                return Rights(directory);
            }

            end = path.IndexOf('/', end + 1);
            if (end < 0)
            {
                return null;
            }
        }
    }

    public static RpcSocket Socket(SocketKind kind, string path) =>
        new(kind, path) { File = Rights(path), Directory = Path.GetDirectoryName(path) is { } directory ? Rights(directory) : null };

    /// <summary>The reply directory, where the address needs one.</summary>
    public static ReplyDirectory? Replies(KamailioAddress? address, string directory)
    {
        if (address is not { Transport: RpcTransport.UnixDatagram, Path: { } socket })
        {
            return null;
        }

        var way = new List<FileRights>();
        for (var path = Path.GetFullPath(directory); path is not null; path = Path.GetDirectoryName(path))
        {
            if (Rights(path) is { } rights)
            {
                way.Insert(0, rights);
            }
        }

        return new ReplyDirectory(directory, way, way.Count > 0 && IsWritable(way[^1].Path), FileStatus.Of(socket)?.User);
    }

    /// <summary>Whether this user may make files there: by making one, since rights alone do not tell (groups, read-only file systems).</summary>
    private static bool IsWritable(string directory)
    {
        try
        {
            var path = Path.Combine(directory, $".kamrpc-{Guid.NewGuid():N}");
            using var file = new FileStream(path, FileMode.CreateNew, System.IO.FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
