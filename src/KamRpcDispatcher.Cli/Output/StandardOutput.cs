using KamRpcDispatcher.Cli.Host;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Whether somebody still reads the answer, asked without writing anything.</summary>
internal static class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>POLLERR of a pipe that nobody reads any more, POLLHUP of a terminal or a socket that is gone.</summary>
    private const short Gone = 0x0008 | 0x0010;

    /// <exception cref="AnswerNotWrittenException">Nobody does.</exception>
    public static unsafe void ThrowIfGone()
    {
        var asked = new LibC.PolledDescriptor { Number = Descriptor };
        if (LibC.Poll(&asked, 1, 0) > 0 && (asked.Seen & Gone) != 0)
        {
            throw new AnswerNotWrittenException(new IOException("nobody reads it any more"));
        }
    }
}
