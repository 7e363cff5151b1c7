namespace KamRpcDispatcher.Push;

/// <summary>How far a push got.</summary>
/// <param name="Applied">How many changes Kamailio accepted.</param>
/// <param name="IsBusy">Whether Kamailio takes no structural change for now.</param>
/// <param name="Refused">How many changes Kamailio refused.</param>
public readonly record struct PushOutcome(int Applied, bool IsBusy, int Refused);
