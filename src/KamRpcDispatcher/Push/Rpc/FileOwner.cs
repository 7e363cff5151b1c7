using System.ComponentModel;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Owner and group of a file; .NET knows modes, but not owners.</summary>
internal static partial class FileOwner
{
    private const int CurrentDirectory = -100;
    private const int BasicMask = 0x7ff;

    /// <summary>Gives a file the owner and group of another one. Only root may.</summary>
    public static unsafe void Copy(string from, string to)
    {
        // struct statx: stx_uid and stx_gid at octets 20 and 24, the same on every architecture.
        var status = stackalloc uint[64];
        if (StatX(CurrentDirectory, from, 0, BasicMask, status) != 0)
        {
            throw new IOException($"cannot read the owner of {from}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        if (ChangeOwner(to, status[5], status[6]) != 0)
        {
            throw new IOException($"cannot change the owner of {to}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);
}
