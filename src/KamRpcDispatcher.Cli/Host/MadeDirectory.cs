namespace KamRpcDispatcher.Cli.Host;

/// <summary>Removes a directory that a command had to make, when the command is over: a mistyped one would stay for ever.</summary>
internal sealed class MadeDirectory : IDisposable
{
    private readonly List<string> _missing = [];

    /// <param name="path">Where something may be made during the command.</param>
    public MadeDirectory(string path)
    {
        for (var above = Path.TrimEndingDirectorySeparator(path); above is not null && !Path.Exists(above); above = Path.GetDirectoryName(above))
        {
            _missing.Add(above);
        }
    }

    public void Dispose()
    {
        try
        {
            // Only while it is empty: somebody else may use it by now.
            _missing.ForEach(static directory => Directory.Delete(directory, recursive: false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was not made, or is not only ours.
        }
    }
}
