namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>Asterisk's manager interface did not do what was asked; the derived types say what that means.</summary>
internal abstract class AmiException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the same may succeed later without anybody changing anything.</summary>
    public abstract bool IsTransient { get; }
}
