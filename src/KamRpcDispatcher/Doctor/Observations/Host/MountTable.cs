using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>Which mount makes a directory another one to another process: systemd's PrivateTmp names its unit.</summary>
internal static partial class MountTable
{
    /// <returns>In words, as an operator would search for it; null when neither's mounts tell.</returns>
    public static string? Hider(int pid, string directory) =>
        Of(Lines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/mountinfo")), directory) ?? Of(Lines("/proc/self/mountinfo"), directory);

    /// <summary>The unit whose private directory is mounted over a directory, or over one above it; null for none.</summary>
    internal static string? Of(IEnumerable<string> mountInfo, string directory)
    {
        // "36 35 98:0 /tmp/systemd-private-ID-kamailio.service-hUx2Qa/tmp /tmp rw,noatime ...": what of the device, and where. The last one counts.
        var mount = mountInfo.Select(static line => line.Split(' '))
            .Where(fields => fields.Length > 5 && fields[4] != "/" && (directory + "/").StartsWith(fields[4] + "/", StringComparison.Ordinal))
            .MaxBy(static fields => fields[4].Length);
        return mount is not null && Private().Match(mount[3]) is { Success: true } match ? $"PrivateTmp of {match.Groups["unit"].Value}" : null;
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [GeneratedRegex(@"systemd-private-[0-9a-f]+-(?<unit>[\w@:.\\-]+)-\w{6}(?:/|$)")]
    private static partial Regex Private();
}
