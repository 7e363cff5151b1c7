using System.CommandLine;

namespace KamRpcDispatcher.Cli.Help;

/// <summary>Under which heading of <c>kamrpc --help</c> a command stands, in this order.</summary>
internal enum CommandGroup
{
    /// <summary>Beside each SIP server.</summary>
    BesideServer,

    /// <summary>Beside each Kamailio.</summary>
    BesideKamailio,

    /// <summary>To inspect, from anywhere.</summary>
    Inspect,

    /// <summary>To act, from anywhere.</summary>
    Act,
}

/// <summary>What a command's help says besides its options.</summary>
/// <param name="Group">Where it stands in <c>kamrpc --help</c>.</param>
/// <param name="Examples">Two or more; the first stands in <c>kamrpc --help</c> too.</param>
/// <param name="Exits">What each exit code means here; <see cref="ExitCode.Usage"/> is the same everywhere, and is added.</param>
internal sealed record CommandHelp(CommandGroup Group, IReadOnlyList<string> Examples, params IReadOnlyList<(int Code, string Meaning)> Exits)
{
    /// <summary>What stands above the options that say what the command is to do.</summary>
    public string Subject { get; init; } = "What is shown";
}

/// <summary>A command of kamrpc's.</summary>
internal sealed class CliCommand(string name, string description, CommandHelp help) : Command(name, description)
{
    public CommandHelp Help => help;
}
