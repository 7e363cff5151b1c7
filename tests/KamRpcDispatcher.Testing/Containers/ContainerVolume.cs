namespace KamRpcDispatcher.Testing;

/// <summary>A folder that containers share.</summary>
public sealed class ContainerVolume : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private ContainerVolume() => Directory.CreateDirectory(Path);

    /// <summary>On this machine.</summary>
    public string Path => _folder.File("volume");

    /// <param name="owner">Whose it is, and nobody else's: <c>UID:GID</c>.</param>
    public static async Task<ContainerVolume> MakeAsync(string owner)
    {
        var volume = new ContainerVolume();
        System.IO.File.SetUnixFileMode(volume.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        await Tool.RunAsync("chown", [owner, volume.Path], string.Empty).ConfigureAwait(false);
        return volume;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Dispose();
}
