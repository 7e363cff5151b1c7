using System.CommandLine;
using System.Globalization;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Whom <c>kamrpc weight</c> means, and which weight.</summary>
internal static class WeightArguments
{
    public static readonly Argument<string[]> Name = new("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = "The members' names, then the weight, 1 to 100, unless --reset is given." };
    public static readonly Option<bool> Reset = new CliOption<bool>("--reset") { Group = OptionGroup.Subject, Description = "In place of a weight: the one that is announced counts again." };

    /// <summary>Names, and the weight that stands after them; none with --reset.</summary>
    public static (IReadOnlyList<string> Names, int? Weight) Read(OptionReader options, CliCommand command)
    {
        var texts = options.Texts(Name);
        if (!options.IsVariable(Reset) && options.Flag(Reset))
        {
            return (texts, null);
        }

        if (texts.Count == 0)
        {
            options.AddMissing($"{command.Name} needs a weight, or {Reset.Name}, such as: {command.Help.Examples[0]}");
            return (texts, null);
        }

        var isNumber = long.TryParse(texts[^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var weight);
        if ((isNumber ? MemberValidation.CheckWeight(weight) : $"'{SafeText.Shorten(texts[^1])}' is no weight, which comes last: a number from {MemberValidation.MinWeight} to {MemberValidation.MaxWeight}, or {Reset.Name}") is { } error)
        {
            options.Add(weight == 0 && isNumber ? $"{error}; who is to get no new calls is drained: kamrpc drain" : error);
            return (texts, null);
        }

        return ([.. texts.SkipLast(1)], (int)weight);
    }
}
