namespace KamRpcDispatcher.Testing;

/// <summary>The SIPp scenarios of this project.</summary>
internal static class Scenario
{
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
