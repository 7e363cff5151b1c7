namespace KamRpcDispatcher.Asterisk;

public enum AsteriskNoticeKind
{
    /// <summary>Logged in, and Asterisk is fully booted: before that it answers no SIP.</summary>
    Connected,

    /// <summary>It takes no new calls any more and waits for the end of those that are up, or is about to end.</summary>
    ShuttingDown,

    /// <summary>It takes new calls again ("core abort shutdown").</summary>
    ShutdownAborted,

    /// <summary>The connection ended or hangs, so Asterisk may have: who wants to know probes it now.</summary>
    ConnectionLost,

    /// <summary>Kamailio's endpoint, or all of them, is in maintenance mode: told every second, as a server that was dead for a moment has forgotten it.</summary>
    InMaintenance,

    /// <summary>It is not any more.</summary>
    MaintenanceEnded,

    /// <summary>The user or the secret is wrong, or manager.conf does not let us in from here.</summary>
    LoginRefused,
}
