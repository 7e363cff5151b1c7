namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>Nobody listens, the connection has ended, or no answer came in time.</summary>
internal sealed class AmiUnreachableException(AmiAddress address, string reason, Exception? innerException = null)
    : AmiException($"Asterisk's manager interface at {address} does not answer: {reason}", innerException)
{
    public override bool IsTransient => true;
}
