using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>Defines that are meant for the snippet, and that it does not have.</summary>
internal static class DefineChecks
{
    private const string Name = "defines";

    public static IEnumerable<SnippetFinding> Of(SnippetUse use)
    {
        var lines = use.Config.Lines.Where(line => line.Word == ConfigWord.Define && line.State != Condition.No && line.File != use.File)
            .Select(static line => (line.Name, line.Place)).Concat(use.Given.Select(static define => (define.Name, Place: $"-A {define.Name}")));
        foreach (var (name, place) in lines.Where(static line => line.Name.StartsWith(SnippetNames.Prefix, StringComparison.Ordinal) && !SnippetNames.Defines.Contains(line.Name)))
        {
            // One that another file reads is that file's, such as those of kamailio-cfg/kamailio.cfg.
            if (Regex.Count(use.Config.Text, $@"\b{Regex.Escape(name)}\b") <= use.Config.Lines.Count(line => line.Word == ConfigWord.Define && line.Name == name))
            {
                yield return new SnippetFinding(
                    Name,
                    Severity.Error,
                    place,
                    $"the snippet has no define {name}, and nothing else reads it",
                    SnippetNames.Nearest(name) is { } near ? $"did you mean {near}?" : "take the line out; kamailio-cfg/README.md has all defines");
            }
        }
    }
}
