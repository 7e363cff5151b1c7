using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>What a config loads, sets and defines too late, or in vain.</summary>
internal static class OrderChecks
{
    /// <summary>Kamailio collects the tables of this one.</summary>
    private static readonly (string, string) Collected = ("htable", "htable");

    public static IEnumerable<SnippetFinding> Of(SnippetUse use) => [.. Modules(use), .. Parameters(use), .. Defines(use), .. Overruled(use)];

    private static IEnumerable<SnippetFinding> Modules(SnippetUse use) =>
        from line in use.After
        where line.Word == ConfigWord.Module && SnippetNames.Modules.Contains(line.Name)
        select new SnippetFinding(
            "modules",
            Severity.Error,
            line.Place,
            $"loads {line.Name} after the snippet has ({use.Include!.Place}): Kamailio does not start (\"attempting to load the same module twice\")",
            $"move the snippet's include to {use.RightPlace}, or this line above it");

    private static IEnumerable<SnippetFinding> Parameters(SnippetUse use) =>
        from line in use.After
        where line.Word == ConfigWord.Parameter
        from own in Own(use)
        where IsSame(line.Parameter!, own.Key) && line.Value != own.Value
        let define = SnippetNames.Parameters[own.Key]
        select new SnippetFinding(
            "parameters",
            define.Length > 0 ? Severity.Warning : Severity.Error,
            line.Place,
            $"{own.Key.Name} of {own.Key.Module} is set to {Shown(line.Value)} after the snippet has set it to {Shown(own.Value)}: the later one counts",
            define.Length > 0 ? $"{Define(define, line)} above the include, in place of this line" : "take the line out, or move it above the include");

    private static IEnumerable<SnippetFinding> Overruled(SnippetUse use) =>
        from line in use.Before
        where line.Word == ConfigWord.Parameter
        from own in Own(use)
        where IsSame(line.Parameter!, own.Key) && line.Value != own.Value && SnippetNames.Parameters[own.Key].Length > 0
        select new SnippetFinding(
            "parameters",
            Severity.Note,
            line.Place,
            $"{own.Key.Name} of {own.Key.Module} is set to {Shown(line.Value)} here, and to {Shown(own.Value)} by the snippet after it, which counts",
            $"{Define(SnippetNames.Parameters[own.Key], line)} above the include");

    private static IEnumerable<SnippetFinding> Defines(SnippetUse use) =>
        from line in use.After
        where line.Word == ConfigWord.Define && line.State != Condition.No && SnippetNames.Defines.Contains(line.Name) && !use.IsSnippet(line.File)
        select new SnippetFinding(
            "defines", Severity.Error, line.Place, $"{line.Name} is defined after the snippet has been included ({use.Include!.Place}): it has no effect there", "move the line above the include");

    /// <summary>What the snippet in force sets, of what this one does: an older one may set less.</summary>
    private static Dictionary<(string Module, string Name), string> Own(SnippetUse use) =>
        use.Config.Parameters.Where(parameter => ConfigLine.FileOf(parameter.Place) == use.File).DistinctBy(static parameter => (parameter.Modules, parameter.Name))
            .Where(static parameter => (parameter.Modules, parameter.Name) != Collected && SnippetNames.Parameters.ContainsKey((parameter.Modules, parameter.Name)))
            .ToDictionary(static parameter => (parameter.Modules, parameter.Name), static parameter => parameter.Value);

    private static bool IsSame(ModuleParameter line, (string Module, string Name) own) => line.Name == own.Name && KamailioConfig.Matches(line.Modules, own.Module);

    /// <summary>A text has its quotes in the define.</summary>
    private static string Define(string name, ConfigLine line) => $"#!define {name} {(line.Parameter!.Number is null ? $"\"{line.Value}\"" : line.Value)}";

    private static string Shown(string value) => value.Length > 0 ? value : "nothing";
}
