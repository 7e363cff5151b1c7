namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>The files that the snippet needs, and the snippet itself.</summary>
internal static class FileChecks
{
    /// <param name="use">The config.</param>
    /// <param name="read">The text of a file, null when there is none.</param>
    public static IEnumerable<SnippetFinding> Of(SnippetUse use, Func<string, string?> read)
    {
        if (use.Head is null)
        {
            yield break;
        }

        if (use.Include is { } include && Read(use.File!, read) is { Text: { } text } && text != SnippetFiles.Snippet)
        {
            yield return new SnippetFinding(
                "snippet", Severity.Note, use.File!, "is not the snippet of this kamrpc: that of another version, or somebody has changed it", $"kamrpc cfg --write {Path.GetDirectoryName(include.Value)} --force");
        }

        // Kamailio looks for a relative path wherever it was started.
        if (use.Config.Of("dispatcher", "list_file").LastOrDefault() is { } list && Path.IsPathRooted(list.Value) && Read(list.Value, read) is { Trouble: { } trouble })
        {
            yield return new SnippetFinding(
                "list-file",
                Severity.Error,
                list.Place,
                $"list_file: {trouble}; kamailio -c passes, and Kamailio does not start",
                Path.GetFileName(list.Value) == SnippetFiles.ListName ? $"kamrpc cfg --write {Path.GetDirectoryName(list.Value)}" : $"make {list.Value}, which may be empty, or #!define KAMRPC_LIST_FILE");
        }
    }

    private static (string? Text, string? Trouble) Read(string file, Func<string, string?> read)
    {
        try
        {
            return read(file) is { } text ? (text, null) : (null, $"there is no file {file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (null, exception.Message);
        }
    }
}
