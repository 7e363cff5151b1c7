using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Linux;

/// <summary>Something mounted, as this process sees it.</summary>
/// <param name="Point">Where.</param>
/// <param name="Kind">The type of its file system, such as <c>ext4</c>.</param>
internal sealed partial record Mount(string Point, string Kind)
{
    /// <summary>What holds a path, which need not be there; null when procfs does not tell.</summary>
    public static Mount? Of(string path)
    {
        try
        {
            return Of(path, File.ReadLines("/proc/self/mountinfo"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="path">An absolute path.</param>
    /// <param name="lines">Of <c>mountinfo</c>: "36 35 98:0 /root /point options optional-fields - kind source options". Of two at one point the later one is seen.</param>
    internal static Mount? Of(string path, IEnumerable<string> lines) => lines
        .Select(static line => line.Split(' '))
        .Where(static fields => fields.Length > 6 && Array.IndexOf(fields, "-", 6) is > 0 and var end && end + 1 < fields.Length)
        .Select(static fields => new Mount(Escaped().Replace(fields[4], Unescape), fields[Array.IndexOf(fields, "-", 6) + 1]))
        .Where(mount => mount.Point == "/" || path == mount.Point || path.StartsWith(mount.Point + "/", StringComparison.Ordinal))
        .Aggregate((Mount?)null, static (deepest, mount) => deepest is null || mount.Point.Length >= deepest.Point.Length ? mount : deepest);

    private static string Unescape(Match escaped) => ((char)Convert.ToInt32(escaped.Groups[1].Value, 8)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Blanks and the like: <c>\040</c>.</summary>
    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Escaped();
}
