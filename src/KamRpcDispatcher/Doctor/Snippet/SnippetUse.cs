using System.Globalization;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>Where a config has the snippet, and where it uses it.</summary>
internal sealed class SnippetUse
{
    private const int Deepest = 8;

    private readonly int _end;

    /// <param name="config">The config.</param>
    /// <param name="given">The defines of Kamailio's command line.</param>
    public SnippetUse(KamailioConfig config, IReadOnlyList<(string Name, string Value)> given)
    {
        Config = config;
        Given = given;
        Head = config.Lines.FirstOrDefault(static line => line is { Word: ConfigWord.Block, Name: $"route[{SnippetNames.Route}]" });
        FirstBlock = config.Lines.FirstOrDefault(line => line.Word == ConfigWord.Block && !IsSnippet(line.File));
        Calls = [.. config.Calls.Where(static call => call is { Function: "route", Arguments: [SnippetNames.Route] })];
        if (Head is null)
        {
            return;
        }

        File = Head.File;
        Include = config.Lines.LastOrDefault(line => line.Word == ConfigWord.Include && line.State != Condition.No && line.Value == File);
        if (Include is not null)
        {
            Start = config.Lines.ToList().IndexOf(Include);
            _end = config.Lines.ToList().FindLastIndex(line => line.File == File) + 1;
        }
    }

    public KamailioConfig Config { get; }

    /// <summary>The defines of Kamailio's command line.</summary>
    public IReadOnlyList<(string Name, string Value)> Given { get; }

    /// <summary>The head of the snippet's route; null when it is not in force.</summary>
    public ConfigLine? Head { get; }

    /// <summary>The file that it stands in.</summary>
    public string? File { get; }

    /// <summary>The line that includes it; null when it was pasted into a file.</summary>
    public ConfigLine? Include { get; }

    /// <summary>The index of that line.</summary>
    public int Start { get; }

    /// <summary>The first routing block that is not the snippet's.</summary>
    public ConfigLine? FirstBlock { get; }

    /// <summary>The heads of all routing blocks.</summary>
    public IEnumerable<ConfigLine> Blocks => Config.Lines.Where(static line => line.Word == ConfigWord.Block);

    /// <summary>The calls of its route.</summary>
    public IReadOnlyList<ScriptCall> Calls { get; }

    /// <summary>The lines before the include, none of them the snippet's own; none when it was pasted.</summary>
    public IEnumerable<ConfigLine> Before => Include is null ? [] : Config.Lines.Take(Start);

    /// <summary>The lines after it.</summary>
    public IEnumerable<ConfigLine> After => Include is null ? [] : Config.Lines.Skip(_end);

    /// <summary>Whether a file has the snippet's route: that in force, or a copy.</summary>
    public bool IsSnippet(string file) => Config.Lines.Any(line => line.Word == ConfigWord.Block && line.Name == $"route[{SnippetNames.Route}]" && line.File == file);

    /// <summary>
    /// The text, without its quotes, or the number that a config or a command line defines for the snippet, and where; null where it is the snippet's
    /// own, or only Kamailio can tell, or that is no value, which <c>kamailio -c</c> finds.
    /// </summary>
    public (string Value, string Place)? DefinedFor(string name)
    {
        // A define may stand for another one.
        for (var depth = 0; depth < Deepest && LineOf(name) is var (value, place); depth++)
        {
            if (value is ['"', .. var text, '"'])
            {
                return (text, place);
            }

            if (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                return (value, place);
            }

            name = value;
        }

        return null;
    }

    /// <summary>Where a parameter is given its value: where that is the snippet, the define it has it from.</summary>
    public string PlaceOf(ModuleParameter parameter) =>
        ConfigLine.FileOf(parameter.Place) == File && SnippetNames.Parameters.GetValueOrDefault((parameter.Modules, parameter.Name)) is { Length: > 0 } define
            ? Config.Lines.LastOrDefault(line => line.Word == ConfigWord.Define && line.Name == define && line.State != Condition.No && line.File != File)?.Place ?? parameter.Place
            : parameter.Place;

    /// <summary>The define to write for a parameter's value, or the parameter itself where the snippet has no define for it.</summary>
    public static string NameOf(string module, string name) =>
        SnippetNames.Parameters.GetValueOrDefault((module, name)) is { Length: > 0 } define ? define : $"{name} of {module}";

    /// <summary>Where the include belongs, as a line to write there.</summary>
    public string RightPlace => FirstBlock is { } block ? $"directly above the first routing block, {block.Name} ({block.Place})" : "directly above the first routing block";

    private (string Value, string Place)? LineOf(string define) =>
        Config.Lines.LastOrDefault(line => line.Word == ConfigWord.Define && line.Name == define && line.State != Condition.No && line.File != File) is { } line
            ? line.State == Condition.Yes ? (line.Value.Trim(), line.Place) : null
            : Given.Any(given => given.Name == define) ? (Given.Last(given => given.Name == define).Value.Trim(), $"-A {define}") : null;
}
