using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports;

/// <summary>Gives what Kamailio is to write to Kamailio's user.</summary>
internal static partial class FileOwner
{
    private const int CurrentDirectory = -100;
    private const int BasicMask = 0x7ff;

    /// <summary>Gives a file the owner and group of another one. Only root may.</summary>
    public static void Copy(string from, string to)
    {
        var (user, group) = Of(from);
        Check(ChangeOwner(to, user, group), $"cannot change the owner of {to}");
    }

    /// <summary>The same for an open file, whatever its path may lead to by now.</summary>
    public static void Copy(string from, SafeFileHandle to)
    {
        var (user, group) = Of(from);
        Check(ChangeOwner(to, user, group), "cannot change the owner of a reply FIFO");
    }

    private static unsafe (uint User, uint Group) Of(string path)
    {
        // struct statx, the same on every architecture: stx_uid and stx_gid at octets 20 and 24.
        var status = stackalloc uint[64];
        Check(StatX(CurrentDirectory, path, 0, BasicMask, status), $"cannot read the owner of {path}");
        return (status[5], status[6]);
    }

    private static void Check(int result, string trouble)
    {
        if (result != 0)
        {
            throw new IOException($"{trouble}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint owner, uint group);
}
