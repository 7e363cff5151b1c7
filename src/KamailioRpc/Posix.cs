using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc;

/// <summary>The system calls that .NET has no method for, and their numbers on x86-64 and arm64. Of each the man page's section 2.</summary>
internal static partial class Posix
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    /// <summary>O_PATH: a descriptor that names a file, and opens nothing.</summary>
    public const int PathOnly = 0x200000;

    public const int NoEntry = 2;
    public const int Interrupted = 4;

    /// <summary>ENXIO: nobody reads the FIFO.</summary>
    public const int NoReader = 6;
    public const int TryAgain = 11;
    public const int AccessDenied = 13;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int TooManyLinks = 40;

    public const short Readable = 1;

    /// <summary>Stands for an owner or group that stays as it is.</summary>
    public const uint Unchanged = uint.MaxValue;

    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int NotFollowing = 0x100;
    private const int BasicMask = 0x7ff;
    private const int EventFlags = CloseOnExec | NonBlocking;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static int DirectoryOnly => IsArm ? 0x4000 : 0x10000;

    public static int NoFollow => IsArm ? 0x8000 : 0x20000;

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string LastMessage => Marshal.GetLastPInvokeErrorMessage();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle OpenAt(SafeFileHandle directory, string name, int flags);

    /// <summary>Fails where there is something of the name, a symbolic link too.</summary>
    [LibraryImport("libc", EntryPoint = "mkfifoat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeFifoAt(SafeFileHandle directory, string name, int mode);

    /// <param name="directory">Where it is.</param>
    /// <param name="name">A symbolic link is removed itself.</param>
    /// <param name="flags">None.</param>
    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle directory, string name, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, Span<byte> buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(Span<PollEntry> entries, nuint count, int milliseconds);

    /// <summary>eventfd(2): what is written to it makes it readable for poll(2).</summary>
    public static SafeFileHandle NewEvent() => EventFd(0, EventFlags);

    /// <summary>Of an open file; null when it cannot be told.</summary>
    public static unsafe FileStatus? StatusOf(SafeFileHandle open)
    {
        uint* status = stackalloc uint[64];
        return StatX(open, string.Empty, EmptyPath, BasicMask, status) == 0 ? FileStatus.Read(status) : null;
    }

    /// <summary>Of what has the name in the directory, a symbolic link itself; null when there is nothing.</summary>
    public static unsafe FileStatus? StatusAt(SafeFileHandle directory, string name)
    {
        uint* status = stackalloc uint[64];
        return StatX(directory, name, NotFollowing, BasicMask, status) == 0 ? FileStatus.Read(status) : null;
    }

    /// <summary>Of what has the path, a symbolic link itself; null when there is nothing, or its directory cannot be entered.</summary>
    public static unsafe FileStatus? StatusAt(string path)
    {
        uint* status = stackalloc uint[64];
        return StatX(CurrentDirectory, path, NotFollowing, BasicMask, status) == 0 ? FileStatus.Read(status) : null;
    }

    /// <summary>Of what the path leads to, in procfs also where it leads to no path; null when there is nothing, or it may not be examined.</summary>
    public static unsafe FileStatus? StatusOfTarget(string path)
    {
        uint* status = stackalloc uint[64];
        return StatX(CurrentDirectory, path, 0, BasicMask, status) == 0 ? FileStatus.Read(status) : null;
    }

    /// <summary>Changes the owner of an open file, whatever its path leads to by now; of one that is open by <see cref="PathOnly"/> too. Only root may; the group may be one of the owner's.</summary>
    public static int ChangeOwner(SafeFileHandle file, uint owner, uint group) => ChangeOwnerAt(file, string.Empty, owner, group, EmptyPath);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial SafeFileHandle EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerAt(SafeFileHandle file, string path, uint owner, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(SafeFileHandle directory, string path, int flags, uint mask, uint* status);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct PollEntry(int Descriptor, short Wanted, short Seen);
}

/// <summary>Which file it is, of what kind, whose, and who may use it.</summary>
/// <param name="Inode">Which file of its device.</param>
/// <param name="DeviceMajor">Which device.</param>
/// <param name="DeviceMinor">The same.</param>
/// <param name="Links">Under how many names it is known; none when it was removed.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
/// <param name="FullMode">Kind and permissions.</param>
internal readonly record struct FileStatus(ulong Inode, uint DeviceMajor, uint DeviceMinor, uint Links, uint User, uint Group, uint FullMode)
{
    private const uint KindMask = 0xF000;

    public bool IsRegular => (FullMode & KindMask) == 0x8000;

    public bool IsFifo => (FullMode & KindMask) == 0x1000;

    public bool IsSocket => (FullMode & KindMask) == 0xC000;

    public bool IsDirectory => (FullMode & KindMask) == 0x4000;

    public bool IsLink => (FullMode & KindMask) == 0xA000;

    public UnixFileMode Mode => (UnixFileMode)(FullMode & 0xFFF);

    /// <summary>Whether others than the owner may rename and remove what is in this directory.</summary>
    public bool IsOpenToOthers(UnixFileMode others) => (Mode & others) != 0 && !Mode.HasFlag(UnixFileMode.StickyBit);

    public bool IsSameFile(FileStatus other) => (Inode, DeviceMajor, DeviceMinor) == (other.Inode, other.DeviceMajor, other.DeviceMinor);

    // struct statx, the same on every architecture: stx_nlink, stx_uid, stx_gid and stx_mode at bytes 16, 20, 24 and 28, stx_ino at 32, the device at 136 and 140.
    public static unsafe FileStatus Read(uint* status) =>
        new(status[8] | ((ulong)status[9] << 32), status[34], status[35], status[4], status[5], status[6], status[7] & 0xFFFF);
}
