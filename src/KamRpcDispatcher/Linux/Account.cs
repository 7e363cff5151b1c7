using System.Globalization;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Linux;

/// <summary>A user of this machine, as every program here knows it, and what it may reach.</summary>
/// <param name="Name">Its name; its number where it has none.</param>
/// <param name="User">Its number.</param>
/// <param name="Groups">Its groups.</param>
internal sealed record Account(string Name, uint User, IReadOnlyList<uint> Groups)
{
    private const int MostGroups = 1024;

    /// <param name="name">A name or a number.</param>
    /// <returns>Null when there is no such user; a number need not have a name.</returns>
    public static Account? Find(string name)
    {
        if (Read(LibC.FindUser(name)) is { } account)
        {
            return account;
        }

        return !uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? null : Read(LibC.FindUser(number)) ?? new Account(name, number, []);
    }

    /// <summary>The user of a number, which need not have a name.</summary>
    public static Account Of(uint user) => Find(user.ToString(CultureInfo.InvariantCulture))!;

    /// <summary>What keeps this user from reading a file: the file, or a folder on the way to it. Null where nothing does, as far as modes tell.</summary>
    public string? Obstacle(string file) => Obstacle(file, UnixFileMode.OtherRead);

    /// <summary>What keeps this user from making something in a folder, in the same way.</summary>
    public string? ObstacleToMaking(string folder) => Obstacle(folder, UnixFileMode.OtherWrite, UnixFileMode.OtherExecute);

    private string? Obstacle(string file, params UnixFileMode[] needed)
    {
        for (var path = LibC.RealPath(Path.GetFullPath(file)); path is not null; path = Path.GetDirectoryName(path))
        {
            if (FileStatus.Of(path) is { } status && !May(status, needed))
            {
                return path;
            }

            needed = [UnixFileMode.OtherExecute];
        }

        return null;
    }

    /// <param name="status">The file.</param>
    /// <param name="wanted">What others would need; the owner and the group have bits of their own.</param>
    private bool May(FileStatus status, UnixFileMode[] wanted)
    {
        var shift = status.User == User ? 6 : Groups.Contains(status.Group) ? 3 : 0;
        return User == 0 || Array.TrueForAll(wanted, bit => ((int)status.Mode & ((int)bit << shift)) != 0);
    }

    // struct passwd: two pointers, then the numbers of the user and of its group.
    private static Account? Read(nint entry)
    {
        if (entry == 0)
        {
            return null;
        }

        var name = Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(entry))!;
        var (user, group) = ((uint)Marshal.ReadInt32(entry, 2 * nint.Size), (uint)Marshal.ReadInt32(entry, (2 * nint.Size) + sizeof(uint)));
        var (groups, count) = (new uint[MostGroups], MostGroups);
        return new Account(name, user, LibC.FindGroups(name, group, groups, ref count) < 0 ? [group] : groups[..count]);
    }
}
