namespace KamailioRpc.Errors;

/// <summary>A call to Kamailio did not succeed; the derived types say what the caller knows and may do next.</summary>
public abstract class KamailioRpcException : Exception
{
    /// <summary>What Kamailio, or somebody else in its place, has answered is a part of messages, and may be of any length.</summary>
    private const int LongestMessage = 1000;

    /// <param name="message">What happened, in one line.</param>
    /// <param name="innerException">What caused it.</param>
    protected KamailioRpcException(string message, Exception? innerException)
        : base(message.Length <= LongestMessage ? message : message[..LongestMessage] + "...", innerException)
    {
    }

    /// <summary>Whether the same call may succeed later without anybody changing anything.</summary>
    public abstract bool IsTransient { get; }
}
