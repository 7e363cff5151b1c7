using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push;

/// <summary>What .NET does not tell of a file: which one it is, and whose. Equal for two ways to one file that nobody changed meanwhile.</summary>
/// <param name="Inode">Which file of its device.</param>
/// <param name="DeviceMajor">Which device.</param>
/// <param name="DeviceMinor">The same.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
/// <param name="Mode">What its owner, its group and others may do.</param>
internal readonly partial record struct FileStatus(ulong Inode, uint DeviceMajor, uint DeviceMinor, uint User, uint Group, UnixFileMode Mode)
{
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int BasicMask = 0x7ff;
    private const int ModeBits = 0xfff;

    /// <summary>Of an open file; null when it cannot be told.</summary>
    public static unsafe FileStatus? Of(SafeFileHandle open)
    {
        uint* status = stackalloc uint[64];
        return StatX(open, string.Empty, EmptyPath, BasicMask, status) == 0 ? Read(status) : null;
    }

    /// <summary>Of the file that has the path now; null when there is none, or its directory cannot be entered.</summary>
    public static unsafe FileStatus? Of(string path)
    {
        uint* status = stackalloc uint[64];
        return StatX(CurrentDirectory, path, 0, BasicMask, status) == 0 ? Read(status) : null;
    }

    /// <summary>Whether both are one file, whatever became of its owner or mode.</summary>
    public bool IsSameFile(FileStatus other) => (Inode, DeviceMajor, DeviceMinor) == (other.Inode, other.DeviceMajor, other.DeviceMinor);

    // struct statx, the same on every architecture: stx_uid, stx_gid and stx_mode at octets 20, 24 and 28, stx_ino at 32, the device at 136 and 140.
    private static unsafe FileStatus Read(uint* status) =>
        new(status[8] | ((ulong)status[9] << 32), status[34], status[35], status[5], status[6], (UnixFileMode)(status[7] & ModeBits));

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(SafeFileHandle file, string path, int flags, uint mask, uint* status);
}
