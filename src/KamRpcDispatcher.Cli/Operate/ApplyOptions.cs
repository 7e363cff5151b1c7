using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Operate.Declared;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>What a file declares, and how it is carried out and told.</summary>
/// <param name="Etcd">How etcd is reached.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Command">What is asked for.</param>
/// <param name="File">How the file is called.</param>
/// <param name="Timeout">How long it is waited for the proxies; null for not at all.</param>
/// <param name="Format">How the answer is written.</param>
internal sealed record ApplyRequest(EtcdOptions Etcd, string Cluster, SiteCommand Command, string File, TimeSpan? Timeout, OutputFormat Format);

/// <summary>The options of <c>kamrpc apply</c>.</summary>
internal static class ApplyOptions
{
    /// <summary>Stands for the standard input.</summary>
    private const string Input = "-";

    private static readonly Option<string?> FileName = new CliOption<string?>("--file", "-f") { Group = OptionGroup.Needed, Kind = ValueKind.File, Description = "The file that declares drains, weights and splits; - is the standard input." };
    private static readonly Option<string?> Owner = CommonOptions.Text("--owner", "Whose declarations they are. [default: the file's \"owner\"]", OptionGroup.Subject);
    private static readonly Option<bool> Prune = new CliOption<bool>("--prune") { Group = OptionGroup.Subject, Description = "Takes back what this owner has declared before, and does not any more." };
    private static readonly Option<bool> Force = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Writes it whatever speaks against it, and over what others have written." };

    public static void AddTo(Command command)
    {
        CommonOptions.Add(command, FileName, Owner, Prune, OperatorOptions.Reason, OperatorOptions.As, OperatorOptions.MinReadyOption, Force, OperatorOptions.DryRun);
        CommonOptions.Add(command, OperatorOptions.Wait, OperatorOptions.NoWait, OperatorOptions.Timeout, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
    }

    /// <summary>What is asked for; nobody reads it where something is wrong.</summary>
    public static ApplyRequest Read(OptionReader options, CliCommand command)
    {
        OperatorOptions.WarnOfVariables(options, command.Name, [Prune, Force]);
        var etcd = EtcdOptionSet.Read(options);
        var (by, reason) = OperatorOptions.ReadWho(options);
        var file = ReadFile(options, command);
        var owner = options.Value<string>(Owner, null, CommonOptions.Name) ?? file?.Owner;
        if (file is not null && owner is null && options.Text(Owner) is null)
        {
            options.Add($"{Owner.Name}: the file says no \"owner\", and what is declared needs one: give {Owner.Name}, or write it there");
        }

        return new ApplyRequest(
            etcd!,
            options.Value(CommonOptions.Cluster) ?? string.Empty,
            new SiteCommand(file!, owner!, by)
            {
                Reason = reason,
                Prunes = IsGiven(options, Prune),
                MinReady = options.Value(OperatorOptions.MinReadyOption),
                IsForced = IsGiven(options, Force),
                IsDryRun = options.Flag(OperatorOptions.DryRun),
                Near = Suggestion.Near,
            },
            NameOf(options),
            OperatorOptions.ReadTimeout(options),
            options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse));
    }

    private static bool IsGiven(OptionReader options, Option<bool> option) => !options.IsVariable(option) && options.Flag(option);

    private static string NameOf(OptionReader options) => options.Text(FileName) is null or Input ? "the standard input" : SafeText.Shorten(options.Text(FileName)!, MemberValidation.MaxReasonLength);

    private static SiteFile? ReadFile(OptionReader options, CliCommand command)
    {
        if (options.Text(FileName) is not { } name)
        {
            options.AddMissing($"{command.Name} needs {FileName.Name}, such as: {command.Help.Examples[0]}");
            return null;
        }

        if (name != Input && NamedFile.WhyNot(name) is { } wrong)
        {
            options.Add(FileName, wrong);
            return null;
        }

        try
        {
            using var stream = name == Input ? Console.OpenStandardInput() : File.OpenRead(name);
            if (SiteFileReader.TryRead(ReadAtMost(stream), out var file, out var errors))
            {
                return file;
            }

            for (var index = 0; index < errors.Count; index++)
            {
                options.Add($"{NameOf(options)}: {errors[index]}{(index == errors.Count - 1 ? "; nothing was written" : string.Empty)}");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            options.Add(FileName, $"cannot be read: {SafeText.Shorten(exception.Message, MemberValidation.MaxReasonLength)}");
        }

        return null;
    }

    /// <summary>One byte more than a file may have, at most: then it has too many.</summary>
    private static ReadOnlyMemory<byte> ReadAtMost(Stream stream)
    {
        var bytes = new byte[SiteFileReader.MaxLength + 1];
        return bytes.AsMemory(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
    }
}
