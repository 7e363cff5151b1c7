using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Doctor.Snippet;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc cfg</c>: Kamailio's side of it, printed, installed or checked.</summary>
internal static class CfgCommand
{
    private static readonly Option<bool> Stock = new CliOption<bool>("--stock") { Group = OptionGroup.Subject, Description = "Prints a diff for Debian's own kamailio.cfg, for patch, in place of the snippet." };
    private static readonly Option<string?> Write = CommonOptions.Text("--write", "Installs the snippet and an empty list of destinations in this folder, such as /etc/kamailio.", OptionGroup.Subject);
    private static readonly Option<string?> Check = CommonOptions.Text("--check", "Says whether this config of Kamailio's uses the snippet rightly, which kamailio -c does not see.", OptionGroup.Subject);
    private static readonly Option<bool> Force = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "With --write: replaces a snippet that differs, and keeps the old one." };
    private static readonly Option<string?> User = CommonOptions.Text("--user", "Kamailio's user, who has to be able to read the files and to make its sockets. [default: whoever runs a Kamailio now]", OptionGroup.Subject);
    private static readonly Option<string[]> Define = DefineOption();

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("cfg", "Prints, installs or checks the snippet for Kamailio's config.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc cfg --write /etc/kamailio", "kamrpc cfg --check /etc/kamailio/kamailio.cfg"],
            (ExitCode.Done, "printed, installed, or the config is fine"),
            (ExitCode.NotDone, "the config is not fine, or nothing could be written"),
            (ExitCode.Refused, "a snippet that differs was left as it is")) { Subject = "What is done" })
        {
            Stock, Write, Force, User, Check, Define, OutputOption.Output,
        };
        root.Add(command);
        commands.Add(command, static (options, _) => Task.FromResult(Run(options)));
    }

    private static int Run(OptionReader options)
    {
        var isStock = options.Flag(Stock);
        var isForced = options.Flag(Force);
        var folder = options.Value<string>(Write, null, ExistingFolder);
        var config = options.Value<string>(Check, null, CommonOptions.ExistingFile);
        var user = options.Value<string>(User, null, ExistingUser);
        var defines = options.Texts(Define);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        var (isWrite, isCheck) = (options.Text(Write) is not null, options.Text(Check) is not null);
        OneOf(options, isStock, isWrite, isCheck);
        Needs(options, Force, isForced, $"{Write.Name}, which is not", isWrite);
        Needs(options, User, user is not null, $"{Write.Name} or {Check.Name}, of which none is", isWrite || isCheck);
        Needs(options, Define, defines.Count > 0, $"{Check.Name}, which is not", isCheck);
        Needs(options, OutputOption.Output, options.Text(OutputOption.Output) is not null, $"{Write.Name} or {Check.Name}, of which none is", isWrite || isCheck);

        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        if (isCheck)
        {
            var report = SnippetCheckup.Run(config!, [.. defines.Select(static define => define.Split('=', 2)).Select(static parts => (parts[0], parts is [_, var value] ? value : string.Empty))], user);
            Console.Out.Write(Answer.In(format, () => CfgReport.ToJson(report), () => CfgReport.ToText(report)));
            return report.IsFine ? ExitCode.Done : ExitCode.NotDone;
        }

        if (isWrite)
        {
            return Install(folder!, isForced, user, format);
        }

        Console.Out.Write(isStock ? SnippetFiles.StockDiff : SnippetFiles.Snippet);
        return ExitCode.Done;
    }

    private static int Install(string folder, bool isForced, string? user, OutputFormat format)
    {
        try
        {
            var files = new SnippetInstaller(folder).Install(isForced);
            Console.Out.Write(Answer.In(format, () => CfgReport.ToJson(files), () => CfgReport.ToText(files, folder)));
            foreach (var refused in files.Where(static file => file.Outcome == Installation.Refused))
            {
                Console.Error.WriteLine($"kamrpc: {refused.Path} is not the snippet of this kamrpc, and was left as it is: {Force.Name} replaces it, and keeps it as {Path.GetFileName(refused.Path)}.bak");
            }

            foreach (var (file, (reader, obstacle)) in files.SelectMany(file => KamailioReaders.WhoCannotRead(file.Path, user).Select(one => (file.Path, one))))
            {
                Console.Error.WriteLine($"kamrpc: warning: Kamailio's user {reader} may not read {file}, by the mode of {obstacle}");
            }

            return files.Any(static file => file.Outcome == Installation.Refused) ? ExitCode.Refused : ExitCode.Done;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"kamrpc: nothing more is installed: {exception.Message}");
            return ExitCode.NotDone;
        }
    }

    private static void OneOf(OptionReader options, bool isStock, bool isWrite, bool isCheck)
    {
        if (new[] { isStock, isWrite, isCheck }.Count(static isGiven => isGiven) > 1)
        {
            options.Add($"{options.GivenName(Stock)}, {options.GivenName(Write)} and {options.GivenName(Check)} are three things to do: give one of them");
        }
    }

    /// <summary>A variable is passed over where it is of no use: the same file may serve the other uses, and other commands.</summary>
    private static void Needs(OptionReader options, Option option, bool isGiven, string others, bool isOtherGiven)
    {
        if (isGiven && !isOtherGiven && !options.IsVariable(option))
        {
            options.Add(option, $"goes with {others} given");
        }
    }

    private static bool ExistingFolder(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        error = Directory.Exists(text) ? null : $"there is no folder '{text}'; Kamailio's is /etc/kamailio as a rule";
        value = error is null ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(text)) : null;
        return error is null;
    }

    private static bool ExistingUser(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Checked(text, static user => KamailioReaders.Exists(user) ? null : $"there is no user '{user}' on this machine", out value, out error);

    private static Option<string[]> DefineOption()
    {
        var option = CommonOptions.Texts("--define", "With --check: NAME or NAME=VALUE that Kamailio's command line defines with -A (repeatable).", OptionGroup.Subject);
        option.Aliases.Add("-A");
        return option;
    }
}
