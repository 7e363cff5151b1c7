using System.Diagnostics;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A directory that can be full: a file system of its own in memory, of 64 KiB, where mounting is allowed (root outside of most
/// containers). Elsewhere a directory that cannot be written while it is "full", which is the nearest that is left.
/// </summary>
public sealed class TinyDisk : IDisposable
{
    private const UnixFileMode Everything = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TemporaryFolder _folder = new();

    public TinyDisk()
    {
        Path = Directory.CreateDirectory(_folder.File("disk")).FullName;
        IsMounted = Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", Path);
    }

    public string Path { get; }

    /// <summary>Whether it is a file system of its own.</summary>
    public bool IsMounted { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Leaves no room for another byte.</summary>
    public void Fill()
    {
        if (!IsMounted)
        {
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return;
        }

        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Empty()
    {
        if (!IsMounted)
        {
            File.SetUnixFileMode(Path, Everything);
            return;
        }

        File.Delete(Ballast);
    }

    public void Dispose()
    {
        if (IsMounted)
        {
            Run("umount", "-l", Path);
        }

        _folder.Dispose();
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(RealServers.Find(program), arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
