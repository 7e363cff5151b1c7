using System.CommandLine;
using System.CommandLine.Help;
using KamRpcDispatcher.Cli.Commands.Operators;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary>The commands with their options, and how arguments are read.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> _commands = [];

    public CommandLine()
    {
        AnnounceCommand.AddTo(Root, _commands);
        DispatchCommand.AddTo(Root, _commands);
        HealthCommand.AddTo(Root, _commands);
        ListCommand.AddTo(Root, _commands);
        PlanCommand.AddTo(Root, _commands);
        StatusCommand.AddTo(Root, _commands);
        ExplainCommand.AddTo(Root, _commands);
        DrainCommand.AddTo(Root, _commands);
        ResumeCommand.AddTo(Root, _commands);
        WeightCommand.AddTo(Root, _commands);
        SplitSetCommand.AddTo(Root, _commands);
        ProxyCommand.AddTo(Root, _commands);
        RolloutCommand.AddTo(Root, _commands);
        ApplyCommand.AddTo(Root, _commands);
        ConfirmCommand.AddTo(Root, _commands);
        HistoryCommand.AddTo(Root, _commands);
        PruneCommand.AddTo(Root, _commands);
        PageCommand.AddTo(Root, _commands);
        DoctorCommand.AddTo(Root, _commands);
        CfgCommand.AddTo(Root, _commands);
        CompletionCommand.AddTo(Root, _commands);

        var help = Root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage();

        Root.Options.OfType<VersionOption>().Single().Action = new VersionLine();

        // The library's own: Windows' spellings, and directives such as [suggest], for a completion that asks the program. Ours asks nobody.
        help.Aliases.Remove("/h");
        help.Aliases.Remove("/?");
        Root.Directives.Clear();

        // They are told by kamrpc itself.
        Root.TreatUnmatchedTokensAsErrors = false;
    }

    public RootCommand Root { get; } = new("Kamailio's dispatcher sets, kept equal to the servers in etcd.");

    /// <summary>Reads the arguments: none of them, and <c>help</c> before them, ask for help.</summary>
    public ParseResult Parse(string[] arguments) => Root.Parse(
        arguments switch
        {
            [] => ["--help"],
            ["help", .. var others] => [.. others, "--help"],
            _ => [.. arguments.SelectMany(WithEmptyValue)],
        },
        new ParserConfiguration { ResponseFileTokenReplacer = ResponseFile.TryRead });

    /// <summary>An empty value is one: of <c>--reason=</c>, as a shell writes it for a variable that is empty, the next argument would be the value otherwise.</summary>
    private static IEnumerable<string> WithEmptyValue(string argument) => argument is ['-', _, .., '=' or ':'] && argument.AsSpan(0, argument.Length - 1).IndexOfAny('=', ':') < 0 ? [argument[..^1], string.Empty] : [argument];

    /// <summary>What the command does; null where none was named.</summary>
    public Func<OptionReader, CancellationToken, Task<int>>? Find(ParseResult parsed) => _commands.GetValueOrDefault(parsed.CommandResult.Command);
}
