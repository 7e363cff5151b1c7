using System.CommandLine;

namespace KamRpcDispatcher.Cli;

/// <summary>Under which heading of a command's help an option stands, in this order.</summary>
internal enum OptionGroup
{
    /// <summary>What most will give.</summary>
    Needed,

    Server,
    Etcd,
    Kamailio,
    Timing,
    Rest,
}

/// <summary>What an option takes, as far as a shell can complete it.</summary>
internal enum ValueKind
{
    Text,
    File,
    Directory,
}

/// <summary>What the help and the completion know of an option besides its name, its description and the values that it suggests.</summary>
internal interface IOptionFacts
{
    OptionGroup Group { get; }

    ValueKind Kind { get; }
}

/// <summary>An option of kamrpc's.</summary>
internal sealed class CliOption<T>(string name, params string[] aliases) : Option<T>(name, aliases), IOptionFacts
{
    public OptionGroup Group { get; init; } = OptionGroup.Rest;

    public ValueKind Kind { get; init; }
}
