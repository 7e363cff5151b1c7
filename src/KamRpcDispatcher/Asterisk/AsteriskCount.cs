namespace KamRpcDispatcher.Asterisk;

/// <summary>What an Asterisk has to do.</summary>
/// <param name="Calls">Channels that run the dialplan (CoreStatus, CoreCurrentCalls): a ringing one counts, the leg that Dial made does not.</param>
/// <param name="Channels">All channels; null when there are calls, as it is not asked then: the answer is a list of them all.</param>
public sealed record AsteriskCount(int Calls, int? Channels)
{
    public bool IsIdle => Calls == 0 && Channels == 0;
}
