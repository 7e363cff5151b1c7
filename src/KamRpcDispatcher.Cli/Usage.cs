using System.CommandLine;

namespace KamRpcDispatcher.Cli;

/// <summary>Reports wrong options: all of them in one message.</summary>
internal static class Usage
{
    public static int Report(IEnumerable<string> errors, Command command)
    {
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"kamrpc: {error}");
        }

        Console.Error.WriteLine($"Try 'kamrpc {(command is RootCommand ? string.Empty : command.Name + " ")}--help'.");
        return ExitCode.Usage;
    }
}
