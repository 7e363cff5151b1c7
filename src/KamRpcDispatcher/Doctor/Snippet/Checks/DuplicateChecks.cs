using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>What is there twice. Where a whole file is, that is told, and not each of its blocks.</summary>
internal static class DuplicateChecks
{
    private const string Name = "duplicate";
    private const string StartFails = "Kamailio does not start";

    public static IEnumerable<SnippetFinding> Of(SnippetUse use)
    {
        // A loop has told already why the same is there again and again.
        if (use.Config.UnreadFiles.Any(static unread => unread.Cause == UnreadCause.Loop))
        {
            return [];
        }

        var blocks = use.Blocks.Where(static line => line.Name.EndsWith(']') && line.State == Condition.Yes).GroupBy(static line => line.Name).Where(static same => same.Count() > 1)
            .Select(static same => (Name: same.Key, Places: same.Select(static line => line.Place).ToList())).ToList();

        // The same line twice: its file was read twice.
        var ofFiles = blocks.Where(static block => block.Places.Distinct().Count() == 1).ToList();
        var copies = Copies(use, blocks.Except(ofFiles).ToList());
        return
        [
            .. Files(use, ofFiles.Select(static block => ConfigLine.FileOf(block.Places[0])).Distinct()),
            .. copies.Count > 0 ? [Copied(use, copies)] : Array.Empty<SnippetFinding>(),
            .. blocks.Except(ofFiles).Except(copies).Select(Block),
        ];
    }

    private static IEnumerable<SnippetFinding> Files(SnippetUse use, IEnumerable<string> files) =>
        from file in files.Select(file => ReadTwice(use, file)).OfType<string>().Distinct()
        let places = Includes(use, file)
        select new SnippetFinding(
            Name,
            Severity.Error,
            places[^1],
            $"{(file == use.File ? "the snippet" : file)} is included {(places.Count == 2 ? "twice" : FormattableString.Invariant($"{places.Count} times"))}, at {string.Join(" and at ", places)}: its blocks are there again, and {StartFails}",
            file == use.File ? $"take all but one of these lines out, and leave one {use.RightPlace}" : "take all but one of these lines out");

    /// <summary>Where a file is included by one line only it is the file of that line which is read twice, and so on.</summary>
    private static string? ReadTwice(SnippetUse use, string file)
    {
        while (Includes(use, file) is [var place])
        {
            file = ConfigLine.FileOf(place);
        }

        return Includes(use, file).Count > 1 ? file : null;
    }

    private static List<string> Includes(SnippetUse use, string file) =>
        [.. use.Config.Lines.Where(line => line.Word == ConfigWord.Include && line.State != Condition.No && line.Value == file).Select(static line => line.Place).Distinct()];

    /// <summary>Those that are the snippet's, where another file has its route too: pasted, or included under another path.</summary>
    private static List<(string Name, List<string> Places)> Copies(SnippetUse use, List<(string Name, List<string> Places)> blocks)
    {
        const string Own = $"route[{SnippetNames.Route}]";
        var files = FilesOf(blocks.Find(static block => block.Name == Own).Places ?? []);
        return files.Count < 2 ? [] : blocks.FindAll(block => block.Places.Exists(place => ConfigLine.FileOf(place) == use.File) && FilesOf(block.Places).SetEquals(files));
    }

    private static HashSet<string> FilesOf(List<string> places) => places.Select(ConfigLine.FileOf).ToHashSet(StringComparer.Ordinal);

    private static SnippetFinding Copied(SnippetUse use, List<(string Name, List<string> Places)> copies)
    {
        var places = copies.Find(static block => block.Name == $"route[{SnippetNames.Route}]").Places;
        return new SnippetFinding(
            Name,
            Severity.Error,
            places[^1],
            $"the snippet is there twice, at {string.Join(" and at ", places.Distinct())}: {StartFails}",
            $"leave one of them, included {use.RightPlace}");
    }

    private static SnippetFinding Block((string Name, List<string> Places) block) => new(
        Name,
        Severity.Error,
        block.Places[^1],
        $"{block.Name} is there already ({block.Places[0]}): {StartFails}",
        block.Name == "event_route[tm:local-request]" ? "#!define KAMRPC_OWN_LOCAL_REQUEST above the include, and route(KAMRPC_PING); in yours" : "take one of them out");
}
