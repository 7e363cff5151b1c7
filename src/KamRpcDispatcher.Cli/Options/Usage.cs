using System.CommandLine;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Help;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>Reports wrong options: all of them in one message.</summary>
internal static partial class Usage
{
    public static int Report(IReadOnlyCollection<string> errors, Command command)
    {
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"kamrpc: {Masked(error)}");
        }

        if (!errors.All(Mistyped.IsAnswered))
        {
            Console.Error.WriteLine($"Try 'kamrpc {(command is RootCommand ? string.Empty : command.Name + " ")}--help'.");
        }

        return ExitCode.Usage;
    }

    /// <summary>What stands before the host of an address may be a password, and whoever typed it in a wrong place reads it here, and in a log.</summary>
    internal static string Masked(string error) => UserOfAddress().Replace(error, "://***@");

    [GeneratedRegex(@"://\S*@")]
    private static partial Regex UserOfAddress();
}
