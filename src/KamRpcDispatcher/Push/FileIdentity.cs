using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push;

/// <summary>The identity of a file, which .NET does not know.</summary>
internal static partial class FileIdentity
{
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int BasicMask = 0x7ff;

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
}
