namespace KamRpcDispatcher.Sources;

/// <summary>Why a member is gone, as far as its source tells: in etcd the end of a lease and a delete by hand look alike.</summary>
public enum LeaveCause
{
    /// <summary>Its announcer said that it withdraws it, and deleted the key.</summary>
    Withdrawn,

    /// <summary>It was draining or down, and then its key went without a last word: its lease ended, or somebody deleted the key.</summary>
    NotReady,

    /// <summary>It was ready, and its key went without a word: its lease ended, or somebody deleted the key.</summary>
    Expired,

    /// <summary>The key had no lease: somebody deleted it.</summary>
    Deleted,

    /// <summary>A complete listing lacks it: what happened while nobody watched is not known.</summary>
    Missing,

    /// <summary>Its file was left without anybody of its set at once.</summary>
    Emptied,

    /// <summary>It is in no EndpointSlice of its Service any more, and did not terminate before.</summary>
    Vanished,

    /// <summary>No source brings its set, in which an earlier daemon, or Kamailio's list, had it.</summary>
    Unsourced,
}
