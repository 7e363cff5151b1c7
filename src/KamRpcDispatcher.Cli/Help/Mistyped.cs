using System.CommandLine;
using System.CommandLine.Parsing;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Help;

/// <summary>What was typed and is no command, no option and no argument: a line each, with what may have been meant.</summary>
internal static class Mistyped
{
    public static IEnumerable<string> Errors(ParseResult parsed)
    {
        var root = parsed.RootCommandResult.Command;
        var command = parsed.CommandResult.Command;
        return parsed.Tokens.FirstOrDefault(static token => token.Type == TokenType.Directive) is { } directive ? [NoCommand(directive.Value, root)]
            : command != root ? OfTokens(parsed, command, root)
            : parsed.UnmatchedTokens is [var first, ..] ? [NoCommand(first, root)]
            : [];
    }

    /// <summary>Options whose value is the name of another one: that value was forgotten, and what the other option asks for is not done.</summary>
    public static IEnumerable<string> Swallowed(ParseResult parsed)
    {
        HashSet<string> known = [.. parsed.CommandResult.Command.Options.SelectMany(static option => option.Aliases.Prepend(option.Name))];
        return
            from given in parsed.CommandResult.Children.OfType<OptionResult>()
            from token in given.Tokens
            let name = NameOf(token.Value)
            where known.Contains(name)
            select $"{given.Option.Name}: needs a value after it, and {name} is an option";
    }

    /// <summary>Whether an error says what to type: a list of all options is no help then.</summary>
    public static bool IsAnswered(string error) => error.EndsWith('?');

    private static IEnumerable<string> OfTokens(ParseResult parsed, Command command, Command root)
    {
        // What follows an option that is none is its value, as a rule.
        var isValue = false;
        TokenType? before = null;
        foreach (var token in parsed.Tokens)
        {
            var isFree = token.Type == TokenType.Argument && before != TokenType.Option;
            before = token.Type;
            if (isFree && token.Value is ['-', not '-', ..] or ['-', '-', _, ..])
            {
                yield return NoOption(token.Value, command, root);
                isValue = !token.Value.Contains('=', StringComparison.Ordinal);
                continue;
            }

            if (isFree && !isValue && parsed.UnmatchedTokens.Contains(token.Value))
            {
                yield return NoArgument(token.Value, command);
            }

            isValue = false;
        }
    }

    private static string NoCommand(string typed, Command root)
    {
        if (typed.StartsWith('-'))
        {
            var owners = OwnersOf(NameOf(typed), root);
            return $"{SafeText.Shorten(NameOf(typed))}: a command comes first, such as kamrpc {(owners.Count > 0 ? owners[0] : "status")} {SafeText.Shorten(NameOf(typed))} ...";
        }

        var commands = root.Subcommands.Select(static command => command.Name).ToList();
        return Suggestion.For(typed, [.. commands, .. root.Options.Select(static option => option.Name)]) is { } near
            ? $"there is no command '{Shown(typed)}'; did you mean {near}?"
            : $"there is no command '{Shown(typed)}'; there are {string.Join(", ", commands)}";
    }

    private static string NoOption(string typed, Command command, Command root)
    {
        var name = NameOf(typed);
        var shown = SafeText.Shorten(name);
        List<string> known = [.. command.Options.Concat(root.Options.Where(static option => option.Recursive)).SelectMany(static option => option.Aliases.Prepend(option.Name))];
        return known.Contains(name) ? $"{shown}: goes after the command: kamrpc {command.Name} {shown} ..."
            : OwnersOf(name, root) is { Count: > 0 } owners ? $"{shown} is not an option of {command.Name}, but of {string.Join(", ", owners)}"
            : Suggestion.For(name, known) is { } near ? $"{shown} is not an option of {command.Name}; did you mean {near}?"
            : $"{shown} is not an option of {command.Name}";
    }

    private static string NoArgument(string typed, Command command) =>
        Suggestion.For(typed, ["--help"]) is { } help ? $"'{Shown(typed)}': did you mean {help}?"
        : command.Arguments.Count == 0 ? $"'{Shown(typed)}': {command.Name} takes options only, and this is the value of none"
        : $"'{Shown(typed)}': {command.Name} takes {string.Join(" ", command.Arguments.Select(static argument => argument.Name))} and no more";

    private static List<string> OwnersOf(string option, Command root) =>
        [.. root.Subcommands.Where(command => command.Options.Any(known => known.Name == option)).Select(static command => command.Name)];

    /// <summary>Without a value: that may be a password.</summary>
    private static string NameOf(string typed) => typed.Split('=', ':')[0];

    /// <summary>What stands before the host of an address may be a password.</summary>
    private static string Shown(string typed) => SafeText.Shorten(typed.LastIndexOf('@') is var at and >= 0 ? "***" + typed[at..] : typed);
}
