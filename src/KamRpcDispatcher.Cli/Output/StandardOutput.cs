using System.Runtime.InteropServices;
using KamRpcDispatcher.Cli.Host;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Whether somebody still reads the answer, asked without writing anything.</summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>POLLERR of a pipe that nobody reads any more, POLLHUP of a terminal or a socket that is gone.</summary>
    private const short Gone = 0x0008 | 0x0010;

    /// <exception cref="AnswerNotWrittenException">Nobody does.</exception>
    public static unsafe void ThrowIfGone()
    {
        var asked = new PolledDescriptor { Number = Descriptor };
        if (Poll(&asked, 1, 0) > 0 && (asked.Seen & Gone) != 0)
        {
            throw new AnswerNotWrittenException(new IOException("nobody reads it any more"));
        }
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Poll(PolledDescriptor* descriptors, nuint count, int timeout);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PolledDescriptor
    {
        public int Number;
        public short Wanted;
        public short Seen;
    }
}
