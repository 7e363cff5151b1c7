namespace KamRpcDispatcher.Testing;

/// <summary>The SIPp scenarios of this project.</summary>
internal static class Scenario
{
    /// <summary>SIPp's own 64 KiB overflow when a busy machine holds it up for a moment, and what is lost there says nothing of the proxy.</summary>
    public const string SocketBuffer = "1048576";

    /// <returns>The path of the file.</returns>
    public static string WriteTo(TemporaryFolder folder, string name)
    {
        var path = folder.File(name);
        using var resource = typeof(Scenario).Assembly.GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        resource.CopyTo(file);
        return path;
    }
}
