using System.Runtime.InteropServices;
using NUnit.Framework;

namespace KamRpcDispatcher.Testing;

/// <summary>A user who is neither root nor the one that runs the tests.</summary>
public static partial class OtherUser
{
    /// <summary>"nobody", everywhere.</summary>
    public const uint Id = 65534;

    /// <summary>Skips the running test where this user may not give files away.</summary>
    public static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("only root can give files to another user");
        }
    }

    /// <summary>Makes a file, a directory or a link the other user's.</summary>
    public static void Give(string path) => Assert.That(ChangeOwner(path, Id, Id), Is.Zero, path);

    /// <summary>link(2): another name for a file.</summary>
    public static void HardLink(string path, string name) => Assert.That(Link(path, name), Is.Zero, name);

    /// <summary>mkfifo(3).</summary>
    public static void MakeFifo(string path) => Assert.That(MkFifo(path, 0x1b6), Is.Zero, path);

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string name);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);
}
