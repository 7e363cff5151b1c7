namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>What answers is not Asterisk's manager interface, or says what cannot be read.</summary>
internal sealed class AmiProtocolException(string message) : AmiException(message)
{
    public override bool IsTransient => false;
}
