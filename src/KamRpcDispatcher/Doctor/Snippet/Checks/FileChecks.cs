using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>The files that the snippet needs, and the snippet itself.</summary>
internal static class FileChecks
{
    /// <param name="use">The config.</param>
    /// <param name="host">The machine.</param>
    public static IEnumerable<SnippetFinding> Of(SnippetUse use, SnippetHost host)
    {
        if (use.Head is null)
        {
            yield break;
        }

        if (use.Include is { } include && Read(use.File!, host.Read) is { Text: { } text } && text != SnippetFiles.Snippet)
        {
            yield return new SnippetFinding(
                "snippet", Severity.Note, use.File!, "is not the snippet of this kamrpc: that of another version, or somebody has changed it", $"kamrpc cfg --write {Path.GetDirectoryName(include.Value)} --force");
        }

        // Kamailio searches for a relative path wherever it was started.
        if (use.Config.Of("dispatcher", "list_file").LastOrDefault() is not { } list || !Path.IsPathRooted(list.Value))
        {
            yield break;
        }

        var read = Read(list.Value, host.Read);
        if (read.Text?.Contains(ListFileUse.Head, StringComparison.Ordinal) == true && use.Config.Of("dispatcher", "ds_load_mode").LastOrDefault() is { IsCertain: true, Number: 1 } mode)
        {
            yield return new SnippetFinding(
                "list-file",
                Severity.Warning,
                mode.Place,
                $"kamrpc keeps its destinations in {list.Value} (--boot-list), and with ds_load_mode 1 one that Kamailio cannot use keeps it from starting",
                "#!define KAMRPC_LOAD_MODE 0");
        }

        if (read.Trouble is { } trouble)
        {
            yield return new SnippetFinding(
                "list-file",
                Severity.Error,
                list.Place,
                $"list_file: {trouble}; kamailio -c passes, and Kamailio does not start",
                Path.GetFileName(list.Value) == SnippetFiles.ListName ? $"kamrpc cfg --write {Path.GetDirectoryName(list.Value)}" : $"make {list.Value}, which may be empty, or #!define KAMRPC_LIST_FILE");
        }
        else if (host.WhoCannotRead(list.Value) is [var (user, obstacle), ..])
        {
            yield return new SnippetFinding(
                "list-file",
                Severity.Error,
                list.Place,
                $"list_file: user {user}, as whom Kamailio starts, may not read {list.Value}, by the mode of {obstacle}; kamailio -c passes, and Kamailio does not start",
                obstacle == list.Value ? $"chmod o+r {obstacle}" : $"chmod o+x {obstacle}");
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
