using System.CommandLine;
using System.CommandLine.Completions;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Completion;

/// <summary>What a shell has to know, as the commands say it themselves.</summary>
internal static class CompletionModel
{
    public static IEnumerable<Option> OptionsOf(Command command) => command.Options.Where(static option => !option.Hidden);

    /// <summary>Every name of an option, the long one first.</summary>
    public static IEnumerable<string> NamesOf(Option option) => option.Aliases.Prepend(option.Name);

    public static IReadOnlyList<string> ValuesOf(Option option) => Labels(option.CompletionSources);

    /// <summary>What may stand for the arguments of a command.</summary>
    public static IReadOnlyList<string> ArgumentsOf(Command command) => [.. command.Arguments.SelectMany(static argument => Labels(argument.CompletionSources))];

    public static ValueKind KindOf(Option option) => (option as IOptionFacts)?.Kind ?? ValueKind.Text;

    /// <summary>Whether nothing follows it.</summary>
    public static bool IsSwitch(Option option) => option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool);

    /// <summary>Of a description what fits beside a name: its first sentence, without the default.</summary>
    public static string Summary(string? description)
    {
        var text = (description ?? string.Empty).Split(" [default:")[0];
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }

    private static List<string> Labels(IEnumerable<Func<CompletionContext, IEnumerable<CompletionItem>>> sources) =>
        [.. sources.SelectMany(static source => source(CompletionContext.Empty)).Select(static item => item.Label).Distinct()];
}
