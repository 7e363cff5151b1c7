using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>The option <c>-o</c> of commands that answer something.</summary>
internal static class OutputOption
{
    public static Option<string?> Output { get; } =
        new CliOption<string?>("--output", "-o") { Group = OptionGroup.Subject, Description = "How the answer is written: table, json or yaml. [default: table]", CompletionSources = { "table", "json", "yaml" } };

    /// <summary>What a command was asked for, by whichever way; tables of one that has no such option, and where it cannot be read.</summary>
    public static OutputFormat Of(ParseResult parsed, OptionReader options) =>
        parsed.CommandResult.Command.Options.Contains(Output) && options.Text(Output) is { } text && Parse(text, out var format, out _) ? format : OutputFormat.Table;

    /// <summary>What was asked for in a line that is no command: tables where that does not say it.</summary>
    public static OutputFormat In(IReadOnlyList<string> args)
    {
        for (var index = 0; index < args.Count; index++)
        {
            string[] parts = args[index].Split(['=', ':'], 2);
            if (parts[0] is "-o" or "--output" && (parts.Length > 1 ? parts[1] : args.ElementAtOrDefault(index + 1)) is { } text && Parse(text, out var format, out _))
            {
                return format;
            }
        }

        return OutputFormat.Table;
    }

    public static bool Parse(string text, out OutputFormat value, [NotNullWhen(false)] out string? error)
    {
        value = text switch
        {
            "json" => OutputFormat.Json,
            "yaml" => OutputFormat.Yaml,
            _ => OutputFormat.Table,
        };
        error = text is "json" or "yaml" or "table" ? null : $"'{text}' is not table, json or yaml";
        return error is null;
    }
}
