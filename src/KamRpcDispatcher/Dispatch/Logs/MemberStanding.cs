using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Whether one member gets calls, and why.</summary>
/// <param name="GetsCalls">Whether Kamailio's list has it as one that gets calls.</param>
/// <param name="Uri">Where.</param>
/// <param name="Cause">Why it is so.</param>
/// <param name="Detail">What its announcer, or Kamailio's list, says of it; empty for nothing.</param>
internal readonly record struct MemberStanding(bool GetsCalls, string Uri, StandingCause Cause, string Detail)
{
    /// <summary>The state of its entry in Kamailio's list; null where it has none.</summary>
    public ListedState? Listed { get; init; }

    /// <summary>Whether calls go to its address by an entry that is not its own, and that nobody here takes them from.</summary>
    public bool IsServedByOthers { get; init; }

    /// <summary>Whether what is said of it is the same; what its announcer says of the same state may change all the time.</summary>
    public bool IsSame(MemberStanding other) => (GetsCalls, Cause, IsServedByOthers) == (other.GetsCalls, other.Cause, other.IsServedByOthers);

    /// <summary>Whether calls to it go to another address than before.</summary>
    public bool HasMovedTo(MemberStanding other) => GetsCalls && other is { GetsCalls: true, IsServedByOthers: false } && !IsServedByOthers && Uri != other.Uri;

    /// <summary>Why, in words.</summary>
    public string Words => Cause switch
    {
        StandingCause.Ready => "ready",
        StandingCause.Draining => With("draining"),
        StandingCause.Drained => Detail.Length == 0 ? ShortWords : Detail,
        StandingCause.Down => With("down"),
        StandingCause.Withdrew => "withdrew",
        StandingCause.Expired => "lease expired, or its key was deleted",
        StandingCause.Deleted => "its key, which had no lease, was deleted",
        StandingCause.Missing => "not announced any more: how it left while nobody followed its source is not known",
        StandingCause.Emptied => "not in its set's file, which has nobody of the set",
        StandingCause.Vanished => "in no EndpointSlice of its Service any more, without having terminated",
        StandingCause.Unsourced => "no --source brings its set any more",
        StandingCause.LeftNotReady => "its lease ended, or its key was deleted, while it was not ready",
        StandingCause.Gone => "not announced any more",
        StandingCause.FoundDead => $"does not answer Kamailio's pings ({Detail})",
        StandingCause.SetInactive => $"set inactive in Kamailio by a script or by hand ({Detail}), and not pinged",
        StandingCause.AwaitsProof => "ready, and waits for its first good answer to Kamailio's pings",
        StandingCause.Disabled => "disabled in Kamailio",
        StandingCause.Moved => $"announced at another address, {Detail}, which is not in Kamailio's list",
        StandingCause.Unusable => "its record cannot be used, and no earlier one is known that could",
        _ => "not in Kamailio's list",
    };

    /// <summary>The same in two or three words, where many are counted.</summary>
    public string ShortWords => Cause switch
    {
        StandingCause.Draining => "draining",
        StandingCause.Drained => "drained by an operator",
        StandingCause.Down => "down",
        StandingCause.Expired => "expired",
        StandingCause.Deleted => "deleted",
        StandingCause.Missing or StandingCause.LeftNotReady or StandingCause.Emptied or StandingCause.Vanished or StandingCause.Unsourced or StandingCause.Gone => "gone",
        StandingCause.FoundDead => "not answering Kamailio's pings",
        StandingCause.SetInactive => "set inactive in Kamailio",
        StandingCause.AwaitsProof => "waiting for a first answer to Kamailio's pings",
        StandingCause.Moved => "not in Kamailio's list at their new address",
        StandingCause.Unusable => "with a record that cannot be used",
        _ => Words,
    };

    private string With(string state) => Detail.Length == 0 ? state : $"{state} ({Detail})";
}

/// <summary>Why a member gets calls, or does not.</summary>
internal enum StandingCause
{
    /// <summary>It is announced as ready.</summary>
    Ready,

    /// <summary>It says that it takes no new calls.</summary>
    Draining,

    /// <summary>It says that it is ready, and an operator has drained it.</summary>
    Drained,

    /// <summary>It says that it cannot take calls.</summary>
    Down,

    /// <summary>Its announcer took it back.</summary>
    Withdrew,

    /// <summary>Its key went without a word.</summary>
    Expired,

    /// <summary>Its key, which had no lease, was deleted.</summary>
    Deleted,

    /// <summary>A listing lacks it.</summary>
    Missing,

    /// <summary>Its file has nobody of its set any more.</summary>
    Emptied,

    /// <summary>No EndpointSlice has it any more, and it did not terminate before.</summary>
    Vanished,

    /// <summary>No source brings its set any more.</summary>
    Unsourced,

    /// <summary>Its key went without a word when it was not ready.</summary>
    LeftNotReady,

    /// <summary>It is not announced, and nobody remembers why.</summary>
    Gone,

    /// <summary>Ready, and Kamailio's pings find it dead.</summary>
    FoundDead,

    /// <summary>Ready, and inactive without being pinged.</summary>
    SetInactive,

    /// <summary>Ready, and inactive until Kamailio has seen it alive.</summary>
    AwaitsProof,

    /// <summary>Ready, and disabled in Kamailio: it is about to be enabled.</summary>
    Disabled,

    /// <summary>Ready, and not in Kamailio's list: it is about to be added, or Kamailio does not take it.</summary>
    NotListed,

    /// <summary>Ready at another address than that of its entry, which gets no calls any more.</summary>
    Moved,

    /// <summary>Announced by a record that cannot be used.</summary>
    Unusable,
}
