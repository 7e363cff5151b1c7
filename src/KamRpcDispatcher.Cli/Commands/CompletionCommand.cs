using System.CommandLine;
using KamRpcDispatcher.Cli.Completion;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc completion</c>: prints what has a shell complete the commands and options that there are.</summary>
internal static class CompletionCommand
{
    private static readonly Argument<string> Shell = new("SHELL") { Description = "bash or zsh.", CompletionSources = { "bash", "zsh" } };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("completion", "Prints a script that has bash or zsh complete all this.", new CommandHelp(
            CommandGroup.Inspect,
            ["source <(kamrpc completion bash)", "kamrpc completion zsh > /usr/local/share/zsh/site-functions/_kamrpc"],
            (ExitCode.Done, "printed")))
        {
            Shell,
        };
        root.Add(command);
        commands.Add(command, (options, _) => Task.FromResult(Run(options, root)));
    }

    private static int Run(OptionReader options, RootCommand root)
    {
        var shell = options.Text(Shell);
        if (!options.HasErrors && shell is not ("bash" or "zsh"))
        {
            options.Add($"'{SafeText.Shorten(shell ?? string.Empty)}' is not bash or zsh");
        }

        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        Console.Out.Write(shell == "zsh" ? ZshCompletion.Script(root) : BashCompletion.Script(root));
        return ExitCode.Done;
    }
}
