using System.CommandLine;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>The list that Kamailio loads at its start: <c>--boot-list</c>.</summary>
internal static class BootListOptions
{
    private static readonly Option<string?> File = CommonOptions.FileName("--boot-list", "Keeps this file, Kamailio's list_file, equal to what Kamailio has, so that a start of it has all at once. [default: none is kept]", OptionGroup.Subject);

    private static readonly ValueOption<int> Bulk =
        new("--bulk", "With --boot-list: more adds and removes than that are made at once, by a reload of it; 0: never.", $"{BootListOption.DefaultBulk}", DispatchValues.Burst, OptionGroup.Subject);

    public static void AddTo(Command command) => CommonOptions.Add(command, File, Bulk);

    /// <summary>Null where none is kept, or an option is wrong.</summary>
    public static BootListOption? Read(OptionReader options)
    {
        var bulk = options.Value(Bulk);
        if (options.Text(File) is not { } path)
        {
            if (options.Text(Bulk) is not null && !options.IsVariable(Bulk))
            {
                options.Add(Bulk, $"goes with {File.Name}, which is not given");
            }

            return null;
        }

        if (path.Length == 0)
        {
            options.Add(File, "no file is named");
            return null;
        }

        path = Path.GetFullPath(path);
        if (WhyUnusable(path) is { } reason)
        {
            options.Add(File, reason);
        }

        return new BootListOption(path) { Bulk = bulk };
    }

    private static string? WhyUnusable(string path)
    {
        var told = SafeText.Shorten(path);
        return Path.GetDirectoryName(path) is not { } directory || !Directory.Exists(directory) ? $"the folder of '{told}' is not there: make it, so that this user may write in it, and Kamailio's read"
            : Directory.Exists(path) ? $"'{told}' is a directory: name the file in it"
            : new FileInfo(path).LinkTarget is { } target ? $"'{told}' is a link, which is replaced and not followed: name the file itself, '{SafeText.Shorten(target)}'"
            : path.Any(static c => char.IsControl(c) || c == '"') ? "a path with a quotation mark or a control character cannot stand in Kamailio's configuration"
            : null;
    }
}
