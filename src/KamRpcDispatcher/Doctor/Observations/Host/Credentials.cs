using System.Globalization;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>Who a process is when it opens files, as <c>/proc/PID/status</c> tells everybody.</summary>
/// <param name="User">Its user for files.</param>
/// <param name="Groups">Its group for files, and the others that it is in.</param>
internal sealed record Credentials(uint User, IReadOnlyList<uint> Groups)
{
    /// <summary>CAP_DAC_OVERRIDE, capabilities(7).</summary>
    private const int OverridesBit = 1;

    /// <summary>Whether rights of files do not hold it up. Root may have given that away, as containers have it do.</summary>
    public bool OverridesRights { get; init; } = User == 0;

    public string Name => Names.User(User);

    /// <summary>Of this process; root where procfs does not tell, so that nothing is said to be forbidden.</summary>
    public static Credentials Own => Of("self") ?? new Credentials(0, []);

    /// <summary>Null when the process has ended or is hidden.</summary>
    public static Credentials? Of(int pid) => Of(pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whether it may pass through a directory.</summary>
    public bool MayEnter(FileRights directory) => May(directory, UnixFileMode.UserExecute, UnixFileMode.GroupExecute, UnixFileMode.OtherExecute);

    public bool MayWrite(FileRights file) => May(file, UnixFileMode.UserWrite, UnixFileMode.GroupWrite, UnixFileMode.OtherWrite);

    internal static Credentials? Read(IEnumerable<string> status)
    {
        uint? user = null;
        ulong? capabilities = null;
        var groups = new List<uint>();
        foreach (var line in status)
        {
            // Real, effective, saved, for files.
            if (line.StartsWith("Uid:", StringComparison.Ordinal))
            {
                user = Numbers(line).Cast<uint?>().LastOrDefault();
            }
            else if (line.StartsWith("Gid:", StringComparison.Ordinal))
            {
                groups.AddRange(Numbers(line).TakeLast(1));
            }
            else if (line.StartsWith("Groups:", StringComparison.Ordinal))
            {
                groups.AddRange(Numbers(line));
            }
            else if (line.StartsWith("CapEff:", StringComparison.Ordinal))
            {
                capabilities = ulong.TryParse(line["CapEff:".Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
            }
        }

        return user is { } known ? new Credentials(known, groups) { OverridesRights = capabilities is { } set ? (set >> OverridesBit & 1) == 1 : known == 0 } : null;
    }

    private static Credentials? Of(string process)
    {
        try
        {
            return Read(File.ReadLines($"/proc/{process}/status"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<uint> Numbers(string line) =>
        line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(static text => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (uint?)null).OfType<uint>();

    private bool May(FileRights file, UnixFileMode user, UnixFileMode group, UnixFileMode other) =>
        OverridesRights || file.Mode.HasFlag(User == file.User ? user : Groups.Contains(file.Group) ? group : other);
}
