namespace KamRpcDispatcher.Announce;

/// <summary>How an announcer that was stopped has left its members.</summary>
public enum AnnouncementEnd
{
    /// <summary>Withdrawn.</summary>
    Withdrawn,

    /// <summary>One at least was held by somebody else, and stays.</summary>
    NotOurs,

    /// <summary>etcd does not let it: what was announced is there until its lease ends.</summary>
    Refused,

    /// <summary>etcd could not be told: what was announced ends with its lease.</summary>
    NotTold,
}
