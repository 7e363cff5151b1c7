using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>Asterisk answered an action with an error: a wrong secret, or a right that the user does not have.</summary>
internal sealed class AmiRefusedException(string action, string reason)
    : AmiException($"Asterisk refuses {action}: {SafeText.Shorten(reason, 200)}")
{
    public override bool IsTransient => false;
}
