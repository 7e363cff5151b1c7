using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>What an operator asks for of a set, and how it is carried out and told.</summary>
/// <param name="Etcd">How etcd is reached.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Command">What is asked for.</param>
/// <param name="Timeout">How long it is waited for the proxies; null for not at all.</param>
/// <param name="Format">How the answer is written.</param>
internal sealed record SplitRequest(EtcdOptions Etcd, string Cluster, SplitCommand Command, TimeSpan? Timeout, OutputFormat Format)
{
    /// <summary>Whether nothing is asked for but how calls are shared now.</summary>
    public bool IsShown { get; init; }
}

/// <summary>The options of <c>kamrpc split</c>.</summary>
internal static class SplitOptions
{
    private static readonly Argument<string> Set = new("SET") { Arity = ArgumentArity.ZeroOrOne, Description = "The set." };
    private static readonly Argument<string[]> Share = new("SHARE") { Arity = ArgumentArity.ZeroOrMore, Description = "label=value:share, of each value of one label; together 100 %. None: what is." };
    private static readonly Option<bool> Clear = new CliOption<bool>("--clear") { Group = OptionGroup.Subject, Description = "In place of shares: the set is not split any more." };
    private static readonly Option<bool> Force = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Writes it whatever speaks against it." };

    public static void AddTo(Command command)
    {
        command.Add(Set);
        command.Add(Share);
        CommonOptions.Add(command, Clear, OperatorOptions.Reason, OperatorOptions.As, OperatorOptions.MinReadyOption, Force, OperatorOptions.DryRun);
        CommonOptions.Add(command, OperatorOptions.Wait, OperatorOptions.NoWait, OperatorOptions.Timeout, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
    }

    /// <summary>What is asked for; nobody reads it where an option is wrong.</summary>
    public static SplitRequest Read(OptionReader options, CliCommand command)
    {
        OperatorOptions.WarnOfVariables(options, command.Name, [Clear, Force]);
        var etcd = EtcdOptionSet.Read(options);
        var set = ReadSet(options, command);
        var split = ReadSplit(options, set);
        var (by, reason) = OperatorOptions.ReadWho(options);
        return new SplitRequest(
            etcd!,
            options.Value(CommonOptions.Cluster) ?? string.Empty,
            new SplitCommand(set, split, by)
            {
                Reason = reason, MinReady = options.Value(OperatorOptions.MinReadyOption), IsForced = IsGiven(options, Force), IsDryRun = options.Flag(OperatorOptions.DryRun),
            },
            OperatorOptions.ReadTimeout(options),
            options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse))
        {
            IsShown = options.Texts(Share).Count == 0 && !IsGiven(options, Clear),
        };
    }

    /// <summary>Nobody's calls are shared anew by a variable of another command.</summary>
    private static bool IsGiven(OptionReader options, Option<bool> option) => !options.IsVariable(option) && options.Flag(option);

    private static int ReadSet(OptionReader options, CliCommand command)
    {
        if (options.Text(Set) is not { } text)
        {
            options.AddMissing($"{command.Name} needs {Set.Name}, such as: {command.Help.Examples[0]}");
            return 0;
        }

        if (!CommonOptions.SetNumber(text, out var set, out var error))
        {
            options.Add($"{Set.Name}: {error}");
        }

        return set;
    }

    /// <summary>Null for none any more, and where something is wrong.</summary>
    private static Split? ReadSplit(OptionReader options, int set)
    {
        var texts = options.Texts(Share);
        if (IsGiven(options, Clear))
        {
            if (texts.Count > 0)
            {
                options.Add(Clear, "goes without shares: give one of the two");
            }

            return null;
        }

        if (texts.Count == 0)
        {
            return null;
        }

        var split = Read(set, texts, out var error);
        if (error is not null)
        {
            options.Add(error);
        }

        return split;
    }

    /// <summary>Reads <c>version=v1:95%</c> and the others; <paramref name="error"/> names the first thing that is wrong.</summary>
    internal static Split? Read(int set, IReadOnlyList<string> texts, out string? error)
    {
        var shares = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        string? label = null;
        foreach (var text in texts)
        {
            var (equals, colon) = (text.IndexOf('=', StringComparison.Ordinal), text.LastIndexOf(':'));
            if (equals <= 0 || colon < equals)
            {
                error = $"'{SafeText.Shorten(text)}' is not label=value:share, such as version=v2:5%";
                return null;
            }

            var (name, value, percent) = (text[..equals], text[(equals + 1)..colon], text[(colon + 1)..]);
            if (!TryReadShare(percent, out var share))
            {
                error = $"'{SafeText.Shorten(text)}': '{SafeText.Shorten(percent)}' is not a percentage from 0 to 100 in steps of 0.1, such as 5% or 0.5%";
                return null;
            }

            if ((label ??= name) != name)
            {
                error = $"a set is split by one label, not by {SafeText.Shorten(label)} and {SafeText.Shorten(name)}";
                return null;
            }

            if (!shares.TryAdd(value, share))
            {
                error = $"{SafeText.Shorten(name)}={SafeText.Shorten(value)} is given twice";
                return null;
            }
        }

        error = shares.Count == 1
            ? $"a split names two values at least: write the others too, those without calls with 0, such as {SafeText.Shorten($"{label}={shares.Keys.First()}")}:100 {SafeText.Shorten(label!)}=OTHER:0; {Clear.Name} shares calls among all"
            : SplitRecord.Check(label!, shares);
        return error is null ? new Split(set, label!, shares.ToImmutable()) : null;
    }

    /// <summary>Reads <c>5%</c>, <c>5</c> or <c>0.5%</c>, in thousandths.</summary>
    internal static bool TryReadShare(string text, out int share)
    {
        share = 0;
        if (!decimal.TryParse(text.EndsWith('%') ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent > 100 || decimal.Truncate(percent * 10) != percent * 10)
        {
            return false;
        }

        share = (int)(percent * (Split.Whole / 100));
        return true;
    }
}
