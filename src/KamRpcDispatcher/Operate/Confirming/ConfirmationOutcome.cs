namespace KamRpcDispatcher.Operate.Confirming;

/// <summary>What came of confirming that a held member is gone.</summary>
public enum ConfirmationOutcome
{
    /// <summary>Written: the dispatchers take it out.</summary>
    Confirmed,

    /// <summary>An earlier confirmation still stands.</summary>
    AlreadyConfirmed,

    /// <summary>It would be written, and is not.</summary>
    WouldConfirm,

    /// <summary>Not written: its key is there, so it is announced again.</summary>
    Back,
}
