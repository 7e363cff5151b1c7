using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Help;

/// <summary>What <c>--help</c> prints: of the program its commands with an example each; of a command its options by subject, examples and exit codes.</summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const int CommandColumn = 14;
    private const int OptionColumn = 24;
    private const int ExitColumn = 6;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        Console.Out.Write(string.Join('\n', command is RootCommand root ? OfProgram(root) : OfCommand(command)) + "\n");
        return ExitCode.Done;
    }

    internal static IEnumerable<string> OfProgram(RootCommand root)
    {
        foreach (var line in WrappedText.Lines($"kamrpc: {root.Description}", WrappedText.Columns))
        {
            yield return line;
        }

        yield return "Usage: kamrpc COMMAND [OPTIONS], or --help. KAMRPC_ETCD is --etcd, and so on.";
        foreach (var group in root.Subcommands.GroupBy(static command => (command as CliCommand)?.Help.Group ?? CommandGroup.Act).OrderBy(static group => group.Key))
        {
            yield return string.Empty;
            yield return Title(group.Key);
            foreach (var command in group)
            {
                foreach (var line in WrappedText.Entry(command.Name, command.Description ?? string.Empty, CommandColumn))
                {
                    yield return line;
                }

                if (command is CliCommand { Help.Examples: [var example, ..] })
                {
                    yield return new string(' ', CommandColumn) + example;
                }
            }
        }
    }

    internal static IEnumerable<string> OfCommand(Command command)
    {
        foreach (var line in WrappedText.Lines($"kamrpc {command.Name}: {command.Description}", WrappedText.Columns))
        {
            yield return line;
        }

        var options = command.Options.Where(static option => option is not HelpOption && !option.Hidden).ToList();
        yield return string.Empty;
        yield return $"Usage: kamrpc {command.Name}{string.Concat(command.Arguments.Select(static argument => $" {Shown(argument)}"))}{(options.Count > 0 ? " [OPTIONS]" : string.Empty)}";
        foreach (var line in command.Arguments.SelectMany(static argument => WrappedText.Entry(argument.Name, argument.Description ?? string.Empty, OptionColumn)))
        {
            yield return line;
        }

        foreach (var group in options.GroupBy(GroupOf).OrderBy(static group => group.Key))
        {
            yield return string.Empty;
            yield return group.Key == OptionGroup.Subject && command is CliCommand { Help.Subject: var subject } ? subject : Title(group.Key);
            foreach (var line in group.SelectMany(static option => WrappedText.Entry(Names(option), option.Description ?? string.Empty, OptionColumn)))
            {
                yield return line;
            }
        }

        if (command is CliCommand { Help: var help })
        {
            yield return string.Empty;
            yield return "Examples";
            foreach (var example in help.Examples)
            {
                yield return "  " + example;
            }

            yield return string.Empty;
            yield return "Exit codes";
            foreach (var line in help.Exits.Append((Code: ExitCode.Usage, Meaning: "wrong options or arguments")).OrderBy(static exit => exit.Code)
                .SelectMany(static exit => WrappedText.Entry(exit.Code.ToString(CultureInfo.InvariantCulture), exit.Meaning, ExitColumn)))
            {
                yield return line;
            }
        }
    }

    private static string Shown(Argument argument)
    {
        var name = argument.Name + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : string.Empty);
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static OptionGroup GroupOf(Option option) => (option as IOptionFacts)?.Group ?? OptionGroup.Rest;

    /// <summary>The short ones first.</summary>
    private static string Names(Option option) => string.Join(", ", option.Aliases.Append(option.Name).OrderBy(static name => name.Length));

    private static string Title(CommandGroup group) => group switch
    {
        CommandGroup.BesideServer => "Beside each SIP server",
        CommandGroup.BesideKamailio => "Beside each Kamailio, as its user",
        CommandGroup.Inspect => "To look, from anywhere",
        _ => "To act, from anywhere",
    };

    private static string Title(OptionGroup group) => group switch
    {
        OptionGroup.Needed => "What you will need",
        OptionGroup.Server => "The SIP server",
        OptionGroup.Etcd => "etcd",
        OptionGroup.Kamailio => "Kamailio",
        OptionGroup.Timing => "Timing",
        _ => "The rest",
    };
}
