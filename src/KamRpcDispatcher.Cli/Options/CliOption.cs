using System.CommandLine;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>Under which heading of a command's help an option stands, in this order.</summary>
internal enum OptionGroup
{
    /// <summary>What most will give.</summary>
    Needed,

    /// <summary>What the command is about, under its own title (<see cref="Help.CommandHelp.Subject"/>).</summary>
    Subject,

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

/// <summary>An option with one value: how it is read, and what it is where it is given nowhere, which the help says by itself.</summary>
internal sealed class ValueOption<T> : Option<string?>, IOptionFacts
{
    /// <param name="name">Such as <c>--gap</c>.</param>
    /// <param name="meaning">One sentence or two.</param>
    /// <param name="defaultText">As it would be written; null for none.</param>
    /// <param name="parse">Reads it.</param>
    /// <param name="group">Where it stands in the help.</param>
    /// <param name="values">What a shell suggests.</param>
    public ValueOption(string name, string meaning, string? defaultText, OptionReader.Parser<T> parse, OptionGroup group = OptionGroup.Rest, params string[] values)
        : base(name)
    {
        Description = defaultText is null ? meaning : $"{meaning} [default: {defaultText}]";
        (DefaultText, Parse, Group) = (defaultText, parse, group);
        if (values.Length > 0)
        {
            CompletionSources.Add(values);
        }
    }

    public string? DefaultText { get; }

    public OptionReader.Parser<T> Parse { get; }

    public OptionGroup Group { get; }

    public ValueKind Kind { get; init; }
}
