using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Owner and identity of a file; .NET knows modes, but neither.</summary>
internal static partial class FileStatus
{
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int BasicMask = 0x7ff;

    /// <summary>Gives a file the owner and group of another one. Only root may.</summary>
    public static unsafe void CopyOwner(string from, string to)
    {
        // struct statx, the same on every architecture: stx_uid and stx_gid at octets 20 and 24.
        var status = stackalloc uint[64];
        if (StatX(CurrentDirectory, from, 0, BasicMask, status) != 0)
        {
            throw new IOException($"cannot read the owner of {from}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        if (ChangeOwner(to, status[5], status[6]) != 0)
        {
            throw new IOException($"cannot change the owner of {to}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Whether the open file is the one that has the path now.</summary>
    public static unsafe bool AreSame(SafeFileHandle open, string path)
    {
        // stx_ino at octet 32 (two words), stx_dev_major and stx_dev_minor at octets 136 and 140.
        uint* one = stackalloc uint[64], other = stackalloc uint[64];
        return StatX(open, string.Empty, EmptyPath, BasicMask, one) == 0
            && StatX(CurrentDirectory, path, 0, BasicMask, other) == 0
            && (one[8], one[9], one[34], one[35]) == (other[8], other[9], other[34], other[35]);
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(SafeFileHandle file, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);
}
