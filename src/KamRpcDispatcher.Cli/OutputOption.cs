using System.CommandLine;
using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Cli;

/// <summary>The option <c>-o</c> of commands that answer something.</summary>
internal static class OutputOption
{
    public static Option<string?> Output { get; } =
        new CliOption<string?>("--output", "-o") { Description = "How the answer is written: table or json. [default: table]", CompletionSources = { "table", "json" } };

    public static bool Parse(string text, out OutputFormat value, [NotNullWhen(false)] out string? error)
    {
        value = text == "json" ? OutputFormat.Json : OutputFormat.Table;
        error = text is "json" or "table" ? null : $"'{text}' is not table or json";
        return error is null;
    }
}
