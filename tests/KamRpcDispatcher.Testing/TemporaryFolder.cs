namespace KamRpcDispatcher.Testing;

/// <summary>A private folder, gone with everything in it on dispose. Its path is short: that of a Unix socket has 107 bytes.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Below /tmp, not where TMPDIR points: that may be far down.</summary>
    public string Path { get; } = Directory.CreateDirectory(
        $"/tmp/kr-{System.IO.Path.GetRandomFileName()}",
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
