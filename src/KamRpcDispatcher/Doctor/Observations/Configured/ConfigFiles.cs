using System.Text;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>Finds Kamailio's configuration and reads it.</summary>
internal static class ConfigFiles
{
    private const string Advice = "run kamrpc as a user that may read it, or give --kamailio-cfg FILE";

    /// <summary>What Debian's and the project's packages, and <c>make install</c>, read without <c>-f</c>.</summary>
    private static readonly string[] Defaults = ["/etc/kamailio/kamailio.cfg", "/usr/local/etc/kamailio/kamailio.cfg"];

    /// <param name="given">Named by the operator; null for the one that Kamailio was started with.</param>
    /// <param name="commandLine">Kamailio's.</param>
    /// <param name="directories">Where a relative path may begin.</param>
    /// <param name="defines">Kamailio's at the end of its configuration.</param>
    /// <param name="started">When Kamailio read it, at the latest; null when not known.</param>
    /// <param name="root">Before the paths of its files, see <see cref="KamailioRoot"/>. What the operator names is where this process is.</param>
    public static Observed<KamailioConfig> Read(
        string? given, CommandLine commandLine, IReadOnlyList<string> directories, IReadOnlyDictionary<string, string> defines, DateTimeOffset? started, string root = "")
    {
        root = given is null ? root : string.Empty;
        if (Find(given ?? commandLine.ConfigFile, directories, root) is not { } file)
        {
            return Not($"Kamailio's configuration {given ?? commandLine.ConfigFile ?? Defaults[0]} is not to be found: {Advice}");
        }

        var start = new Defines(defines);

        // What Kamailio defines itself: its release and its flavours. It calls what has no value "none".
        foreach (var (name, value) in defines.Where(static define => define.Key.StartsWith("KAMAILIO_", StringComparison.Ordinal)))
        {
            start.Set(name, value == "none" ? string.Empty : value);
        }

        foreach (var (name, value) in commandLine.Defines)
        {
            start.Set(name, value);
        }

        var config = new ConfigReader(path => NamedFile.ReadTextOrNull(root + path), start).Read(file);
        if (config.Unread.Count > 0)
        {
            return Not($"Kamailio's configuration cannot be read ({string.Join("; ", config.Unread)}): {Advice}");
        }

        // Of a file that the operator names it is the operator who knows.
        return given is null && config.Files.FirstOrDefault(path => File.GetLastWriteTimeUtc(root + path) > started) is { } newer
            ? Not($"{newer} was changed after Kamailio's start: restart Kamailio, so that it is what Kamailio works with")
            : config;
    }

    /// <summary>Where Kamailio was started: it goes to / itself. Null when procfs does not tell.</summary>
    public static string? StartDirectory(IReadOnlyList<KamailioProcess> processes) =>
        processes.FirstOrDefault(static process => process.IsMain) is { } main ? StartDirectory(main.Pid) : null;

    /// <summary>The same of its main process.</summary>
    public static string? StartDirectory(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ", Encoding.UTF8).Split('\0')
                .FirstOrDefault(static variable => variable.StartsWith("PWD=", StringComparison.Ordinal))?["PWD=".Length..];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Observed<KamailioConfig> Not(string trouble) => Observed<KamailioConfig>.Not(new Trouble(trouble, Causes.Config));

    private static string? Find(string? path, IReadOnlyList<string> directories, string root)
    {
        return path switch
        {
            null => Defaults.FirstOrDefault(IsThere),
            ['/', ..] => path,
            _ => directories.Select(directory => Path.Combine(directory, path)).FirstOrDefault(IsThere),
        };

        bool IsThere(string file) => File.Exists(root + file);
    }
}
