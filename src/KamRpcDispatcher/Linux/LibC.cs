using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>The system calls that .NET has no method for. Numbers are those of the kernel's interface, which never change.</summary>
internal static partial class LibC
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int NoSuchProcess = 3;
    private const int Interrupted = 4;
    public const int WouldBlock = 11;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int TooManyLinks = 40;

    /// <summary>AT_FDCWD: a path that is not absolute counts from the current directory.</summary>
    public const int CurrentDirectory = -100;

    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;

    /// <summary>Else the open of a FIFO that somebody put there waits for its other end.</summary>
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;

    /// <summary>O_DIRECTORY: two numbers, by architecture.</summary>
    public static int DirectoryOnly { get; } = IsLikeArm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW: two numbers, by architecture.</summary>
    public static int NoFollow { get; } = IsLikeArm ? 0x8000 : 0x20000;

    private static bool IsLikeArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Armv6 or Architecture.Arm64 or Architecture.Ppc64le;

    /// <summary>Takes the lock of an open file (flock), also of one that is open for reading only; false when somebody else has it.</summary>
    public static bool TryLock(SafeFileHandle file, bool isShared = false) =>
        FLock(file, (isShared ? LockShared : LockExclusive) | LockNonBlocking) == 0
        || (Marshal.GetLastPInvokeError() == WouldBlock ? false : throw LastError("cannot lock the file"));

    /// <summary>Whether there is surely no process with the id in this PID namespace; one that has the id may be another than was meant.</summary>
    public static bool HasNoProcess(int pid) => Kill(pid, 0) != 0 && Marshal.GetLastPInvokeError() == NoSuchProcess;

    /// <summary>The path without links, as far as it leads to something; what is not there yet stays as it is written.</summary>
    public static unsafe string RealPath(string path)
    {
        // PATH_MAX
        var resolved = stackalloc byte[4096];
        for (var (there, rest) = (path, string.Empty); there is not null; (rest, there) = (Path.Combine(Path.GetFileName(there), rest), Path.GetDirectoryName(there)))
        {
            if (RealPath(there, resolved) != 0)
            {
                return Path.TrimEndingDirectorySeparator(Path.Combine(Marshal.PtrToStringUTF8((nint)resolved)!, rest));
            }
        }

        return path;
    }

    /// <summary>
    /// Fills with what the kernel's generator of secrets gives, as <see cref="System.Security.Cryptography.RandomNumberGenerator"/> does by way of OpenSSL: an announcer that has no other use for that is 3 MB
    /// smaller without it.
    /// </summary>
    public static unsafe void FillWithSecret(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint filled;
            fixed (byte* start = bytes)
            {
                filled = GetRandom(start, (nuint)bytes.Length, 0);
            }

            if (filled < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw LastError("the kernel gives no random bytes");
            }

            bytes = bytes[(int)Math.Max(0, filled)..];
        }
    }

    /// <summary>What the last call failed for, as the exception that .NET's own methods would throw.</summary>
    public static Exception LastError(string trouble)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{trouble}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error switch
        {
            NoEntry => new FileNotFoundException(message),
            AccessDenied or NotPermitted => new UnauthorizedAccessException(message),
            _ => new IOException(message),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle OpenAt(SafeFileHandle directory, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(SafeFileHandle directory, string name, SafeFileHandle secondDirectory, string second, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle directory, string name, int flags);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint RealPath(string path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static unsafe partial nint GetRandom(byte* buffer, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getegid")]
    public static partial uint EffectiveGroup();

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(SafeFileHandle file, string path, int flags, uint mask, uint* status);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static unsafe partial nint ReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    /// <param name="how">What becomes of the calling thread's mask: 1 these signals are not blocked any more, 2 these and no others are.</param>
    /// <param name="set">A sigset_t.</param>
    /// <param name="before">Gets the mask of before; null for nowhere.</param>
    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static unsafe partial int SignalMask(int how, ulong* set, ulong* before);

    /// <param name="pid">Of a process; of a group, negative.</param>
    /// <param name="signal">0 for none: whether it is there.</param>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    /// <param name="pid">Of a child; of a group of children, negative.</param>
    /// <param name="status">Zero where it does not matter how it ended.</param>
    /// <param name="options">1 to wait for nothing.</param>
    [LibraryImport("libc", EntryPoint = "waitpid")]
    public static partial int WaitPid(int pid, nint status, int options);

    /// <returns>A struct passwd of the library's own, which its next call overwrites; zero for nobody.</returns>
    [LibraryImport("libc", EntryPoint = "getpwnam", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FindUser(string name);

    /// <returns>As <see cref="FindUser(string)"/>.</returns>
    [LibraryImport("libc", EntryPoint = "getpwuid")]
    public static partial nint FindUser(uint number);

    /// <returns>Negative where there is no room for all groups.</returns>
    [LibraryImport("libc", EntryPoint = "getgrouplist", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FindGroups(string user, uint group, [Out] uint[] groups, ref int count);

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct MessageHeader
    {
        public byte* Name;
        public int NameLength;
        public IoVector* Vectors;
        public nint VectorCount;
        public byte* Control;
        public nint ControlLength;
        public int Flags;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct IoVector
    {
        public byte* Start;
        public nint Length;
    }
}
