namespace KamailioRpc;

/// <summary>A call to Kamailio did not succeed; the derived types say what the caller knows and may do next.</summary>
public abstract class KamailioRpcException : Exception
{
    protected KamailioRpcException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the same call may succeed later without anybody changing anything.</summary>
    public abstract bool IsTransient { get; }
}
