using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>What .NET does not tell of a file: which one it is, and whose. Equal for two ways to one file that nobody changed meanwhile.</summary>
/// <param name="Inode">Which file of its device.</param>
/// <param name="DeviceMajor">Which device.</param>
/// <param name="DeviceMinor">The same.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
/// <param name="Mode">What its owner, its group and others may do.</param>
/// <param name="Kind">What it is: the upper bits of <c>st_mode</c>.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Length">Its length in bytes.</param>
internal readonly record struct FileStatus(
    ulong Inode, uint DeviceMajor, uint DeviceMinor, uint User, uint Group, UnixFileMode Mode, uint Kind, uint Links, ulong Length)
{
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const int BasicMask = 0x7ff;
    private const int ModeBits = 0xfff;
    private const int KindBits = 0xf000;
    private const int Regular = 0x8000;
    private const int Link = 0xa000;
    private const int Directory = 0x4000;
    private const int Socket = 0xc000;

    public bool IsRegular => Kind == Regular;

    public bool IsLink => Kind == Link;

    public bool IsDirectory => Kind == Directory;

    public bool IsSocket => Kind == Socket;

    /// <summary>Of an open file; null when it cannot be told.</summary>
    public static unsafe FileStatus? Of(SafeFileHandle open)
    {
        uint* status = stackalloc uint[64];
        return LibC.StatX(open, string.Empty, EmptyPath, BasicMask, status) == 0 ? Read(status) : null;
    }

    /// <summary>Of the file that has the path now; null when there is none, or its directory cannot be entered.</summary>
    public static FileStatus? Of(string path) => Of(path, 0);

    /// <summary>The same of a link itself, not of what it leads to.</summary>
    public static FileStatus? OfLink(string path) => Of(path, NoFollow);

    /// <summary>Of what has the name in an open directory now, a link itself too.</summary>
    public static unsafe FileStatus? Of(SafeFileHandle directory, string name)
    {
        uint* status = stackalloc uint[64];
        return LibC.StatX(directory, name, NoFollow, BasicMask, status) == 0 ? Read(status) : null;
    }

    /// <summary>Whether both are one file, whatever became of its owner or mode.</summary>
    public bool IsSameFile(FileStatus other) => (Inode, DeviceMajor, DeviceMinor) == (other.Inode, other.DeviceMajor, other.DeviceMinor);

    private static unsafe FileStatus? Of(string path, int flags)
    {
        uint* status = stackalloc uint[64];
        return LibC.StatX(LibC.CurrentDirectory, path, flags, BasicMask, status) == 0 ? Read(status) : null;
    }

    // struct statx, the same on every architecture: stx_nlink, stx_uid, stx_gid and stx_mode at bytes 16, 20, 24 and 28, stx_ino at 32,
    // stx_size at 40, the device at 136 and 140.
    private static unsafe FileStatus Read(uint* status) => new(
        status[8] | ((ulong)status[9] << 32),
        status[34],
        status[35],
        status[5],
        status[6],
        (UnixFileMode)(status[7] & ModeBits),
        status[7] & KindBits,
        status[4],
        status[10] | ((ulong)status[11] << 32));
}
