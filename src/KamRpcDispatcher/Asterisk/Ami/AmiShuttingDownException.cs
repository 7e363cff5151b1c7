namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>
/// Asterisk answers every action so, a login too, from the moment of "core stop gracefully", "core restart gracefully" or a SIGTERM until
/// it is gone or "core abort shutdown" is given. It sends no event then: Shutdown comes when the last call has ended (22.10).
/// </summary>
internal sealed class AmiShuttingDownException() : AmiException(Reason)
{
    /// <summary>Asterisk's words.</summary>
    public const string Reason = "Asterisk is shutting down";

    public override bool IsTransient => true;
}
