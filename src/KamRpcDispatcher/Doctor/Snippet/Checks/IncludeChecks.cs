using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>Whether the snippet is in force, and stands where it should.</summary>
internal static class IncludeChecks
{
    private const string Name = "include";
    private const string Line = $"include_file \"{SnippetFiles.SnippetName}\"";

    public static IEnumerable<SnippetFinding> Of(SnippetUse use)
    {
        foreach (var unread in use.Config.UnreadFiles.Distinct())
        {
            yield return Unread(unread);
        }

        if (use.Head is null)
        {
            if (Missing(use) is { } finding)
            {
                yield return finding;
            }

            yield break;
        }

        if (use.Head.State == Condition.Unknown)
        {
            yield return new SnippetFinding(
                "place", Severity.Unknown, (use.Include ?? use.Head).Place, "the snippet depends on an expression that only Kamailio evaluates", $"have it outside of the #!ifexp, {use.RightPlace}");
        }

        if (use.Include is { } include && use.Calls.FirstOrDefault(call => call.Order <= use.Start) is { } early)
        {
            yield return new SnippetFinding(
                "place", Severity.Warning, include.Place, $"the snippet is included below {early.Place}, which calls it: what it defines and loads is not there above it", $"move the line to {use.RightPlace}");
        }
    }

    private static SnippetFinding Unread(UnreadFile unread) => unread.Cause switch
    {
        UnreadCause.Loop or UnreadCause.TooDeep => new SnippetFinding(
            "unread", Severity.Error, unread.Place, $"{unread.Reason}: Kamailio takes ten includes, one within the other, and does not start", "take the line out, or one of those before it"),
        _ when IsSnippet(unread.File) => new SnippetFinding(
            Name,
            Severity.Error,
            unread.Place,
            $"includes the snippet, which cannot be read: {unread.Reason}",
            unread.Cause == UnreadCause.Forbidden ? "run this as a user that may read it" : $"kamrpc cfg --write {Path.GetDirectoryName(unread.File)}{(unread.Cause == UnreadCause.Missing ? string.Empty : " --force")}"),
        _ => new SnippetFinding("unread", Severity.Unknown, unread.Place, $"what it says is not known: {unread.Reason}", unread.Cause switch
        {
            UnreadCause.Missing => "put the file there, or correct its path",
            UnreadCause.Forbidden => "run this as a user that may read it",
            _ => "where that is meant: nothing; this cannot look into it, so see to it yourself that it neither loads, sets nor calls what the snippet does",
        }),
    };

    /// <summary>Why it is not in force; null where that is not known, or told already.</summary>
    private static SnippetFinding? Missing(SnippetUse use)
    {
        var includes = use.Config.Lines.Where(static line => line.Word == ConfigWord.Include && IsSnippet(line.Value)).ToList();
        if (includes.Find(static line => line.State == Condition.No) is { } skipped)
        {
            return new SnippetFinding(
                "place", Severity.Error, skipped.Place, $"the snippet is included inside {skipped.Within}, which is off: Kamailio skips it in silence, and kamailio -c passes", $"move the line to {use.RightPlace}");
        }

        if (use.Config.UnreadFiles.Count > 0)
        {
            return null;
        }

        // An import_file of what is not there is skipped in silence; and a file of that name may be another one.
        return includes is [.., var include]
            ? new SnippetFinding(
                Name,
                Severity.Error,
                include.Place,
                use.Config.Files.Contains(include.Value) ? $"{include.Value} has no route[{SnippetNames.Route}]: it is not the snippet" : $"imports the snippet, and there is no file {include.Value}",
                $"kamrpc cfg --write {Path.GetDirectoryName(include.Value)}")
            : new SnippetFinding(Name, Severity.Error, use.Config.Files is [var file, ..] ? file : string.Empty, "the snippet is not included", $"{Line}, {use.RightPlace}");
    }

    private static bool IsSnippet(string path) => Path.GetFileName(path) == SnippetFiles.SnippetName;
}
