using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>Options that several commands have, and how their values are read.</summary>
internal static class CommonOptions
{
    public static ValueOption<string> Cluster { get; } = new("--cluster", "The cluster's name.", "default", ClusterName, OptionGroup.Etcd);

    public static ValueOption<LogLevel> LogLevel { get; } = new("--log-level", "The least level logged: debug, information, warning, error.", "information", Level, OptionGroup.Rest, "debug", "information", "warning", "error");

    public static ValueOption<LogFormat> LogFormat { get; } = new("--log-format", "How the log is written: text, or json, an object a line.", "text", Logs.Parse, OptionGroup.Rest, "text", "json");

    public static void Add(Command command, params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    /// <param name="name">Such as <c>--etcd</c>.</param>
    /// <param name="description">One sentence or two, with the default in brackets at the end.</param>
    /// <param name="group">Where it stands in the help.</param>
    /// <param name="values">What a shell suggests.</param>
    public static Option<string?> Text(string name, string description, OptionGroup group = OptionGroup.Rest, params string[] values) =>
        Suggesting(new CliOption<string?>(name) { Description = description, Group = group }, values);

    /// <summary>One that may be given several times.</summary>
    public static Option<string[]> Texts(string name, string description, OptionGroup group = OptionGroup.Rest, params string[] values) =>
        Suggesting(new CliOption<string[]>(name) { Description = description, Group = group, DefaultValueFactory = static _ => [] }, values);

    /// <summary>One that names a file.</summary>
    public static Option<string?> FileName(string name, string description, OptionGroup group = OptionGroup.Rest, params string[] values) =>
        Suggesting(new CliOption<string?>(name) { Description = description, Group = group, Kind = ValueKind.File }, values);

    /// <summary>One that names a directory.</summary>
    public static Option<string?> DirectoryName(string name, string description, OptionGroup group = OptionGroup.Rest) =>
        new CliOption<string?>(name) { Description = description, Group = group, Kind = ValueKind.Directory };

    public static bool Name(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        Checked(text, MemberValidation.CheckName, out value, out error);

    public static bool ClusterName(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        Checked(text, MemberValidation.CheckCluster, out value, out error);

    public static bool Level(string text, out LogLevel value, [NotNullWhen(false)] out string? error)
    {
        error = Enum.TryParse(text, ignoreCase: true, out value) && !char.IsAsciiDigit(text[0]) ? null : $"'{text}' is not debug, information, warning or error";
        return error is null;
    }

    public static bool SetNumber(string text, out int value, [NotNullWhen(false)] out string? error) =>
        Integer(text, 0, int.MaxValue, out value, out error);

    /// <summary>Reads sets, each option one or several separated by commas; null when there are none.</summary>
    /// <param name="options">The options.</param>
    /// <param name="option">Which of them.</param>
    /// <param name="areForMembers">Whether members are to stand there: not in kamrpc's own set.</param>
    public static HashSet<int>? Sets(OptionReader options, Option<string[]> option, bool areForMembers = false)
    {
        var sets = new HashSet<int>();
        foreach (var text in options.Texts(option).SelectMany(static texts => texts.Split(',')))
        {
            if (!SetNumber(text, out var set, out var error))
            {
                options.Add(option, error);
            }
            else if (areForMembers && set == MemberKey.ReservedSet)
            {
                options.Add(option, $"the set {set} is kamrpc's own: take another number");
            }
            else
            {
                sets.Add(set);
            }
        }

        return sets.Count > 0 ? sets : null;
    }

    public static bool Integer(string text, int least, int most, out int value, [NotNullWhen(false)] out string? error)
    {
        error = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most
            ? null
            : $"'{text}' is not a number from {least} to {most}";
        return error is null;
    }

    /// <summary>Reads <c>500ms</c>, <c>5s</c>, <c>5</c> (seconds), <c>2m</c> or <c>1h</c>.</summary>
    public static bool Duration(string text, TimeSpan least, TimeSpan most, out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        var unit = text switch
        {
            [.., 'm', 's'] => (Length: 2, Seconds: 0.001),
            [.., 's'] => (Length: 1, Seconds: 1.0),
            [.., 'm'] => (Length: 1, Seconds: 60.0),
            [.., 'h'] => (Length: 1, Seconds: 3600.0),
            _ => (Length: 0, Seconds: 1.0),
        };
        value = default;

        // "NaN" is a number to the parser, and neither more nor less than any other.
        if (!double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || !(number * unit.Seconds <= most.TotalSeconds && number * unit.Seconds >= least.TotalSeconds))
        {
            error = $"'{text}' is not a duration from {DurationText.Of(least)} to {DurationText.Of(most)}, such as 500ms, 5s or 2m";
            return false;
        }

        value = TimeSpan.FromSeconds(number * unit.Seconds);
        error = null;
        return true;
    }

    /// <summary>The time between two things that are done again and again, or for one of them.</summary>
    public static bool Interval(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        Duration(text, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5), out value, out error);

    /// <summary>The full path of a file that is there.</summary>
    public static bool ExistingFile(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        error = NamedFile.WhyNot(text);
        value = error is null ? Path.GetFullPath(text) : null;
        return error is null;
    }

    /// <summary>Takes a text as it is, unless something is wrong with it.</summary>
    public static bool Checked(string text, Func<string, string?> check, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        error = check(text);
        value = error is null ? text : null;
        return error is null;
    }

    /// <summary>A warning, not an error: what Docker and Kubernetes mount as secrets everybody in the container can read, and nobody else.</summary>
    public static void WarnIfPublic(Option option, string? file)
    {
        if (file is not null && (File.GetUnixFileMode(file) & UnixFileMode.OtherRead) != 0)
        {
            Console.Error.WriteLine($"kamrpc: warning: {option.Name}: every user can read '{file}'; chmod 600 '{file}'");
        }
    }

    /// <summary>Each of the two options is of use with the other one only.</summary>
    public static void Together(OptionReader options, Option<string?> one, Option<string?> other)
    {
        if (options.Text(one) is null != options.Text(other) is null)
        {
            var (given, missing) = options.Text(one) is null ? (other, one) : (one, other);
            options.Add(given, $"goes with {missing.Name}, which is not given");
        }
    }

    private static T Suggesting<T>(T option, string[] values)
        where T : Option
    {
        if (values.Length > 0)
        {
            option.CompletionSources.Add(values);
        }

        return option;
    }
}
