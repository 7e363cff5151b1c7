namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>What of Kamailio's command line (<c>core.arg</c>) says where its files are.</summary>
/// <param name="ConfigFile"><c>-f</c>.</param>
/// <param name="RunDirectory"><c>-Y</c>.</param>
/// <param name="Defines"><c>-A NAME=VALUE</c>, in order.</param>
internal sealed record CommandLine(string? ConfigFile, string? RunDirectory, IReadOnlyList<(string Name, string Value)> Defines)
{
    public static CommandLine Read(IReadOnlyList<string> arguments)
    {
        var defines = Values(arguments, "-A").Select(static define => define.Split('=', 2));
        return new CommandLine(
            Values(arguments, "-f").LastOrDefault(),
            Values(arguments, "-Y").LastOrDefault(),
            [.. defines.Select(static parts => (parts[0], parts.Length > 1 ? parts[1] : string.Empty))]);
    }

    /// <summary>The values of an option, as getopt takes them: behind it, or glued to it.</summary>
    private static IEnumerable<string> Values(IReadOnlyList<string> arguments, string option)
    {
        for (var index = 1; index < arguments.Count; index++)
        {
            if (arguments[index] == option && index + 1 < arguments.Count)
            {
                yield return arguments[++index];
            }
            else if (arguments[index].Length > option.Length && arguments[index].StartsWith(option, StringComparison.Ordinal))
            {
                yield return arguments[index][option.Length..];
            }
        }
    }
}
