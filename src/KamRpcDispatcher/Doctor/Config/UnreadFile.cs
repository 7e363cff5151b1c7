namespace KamRpcDispatcher.Doctor.Config;

/// <summary>A file that is included and was not read.</summary>
/// <param name="File">Its path.</param>
/// <param name="Reason">Why, with the path.</param>
/// <param name="Cause">The same, for what there is to do.</param>
/// <param name="Place">Where it is included; the file itself where it is the first one.</param>
internal sealed record UnreadFile(string File, string Reason, UnreadCause Cause, string Place);

/// <summary>Why a file was not read.</summary>
internal enum UnreadCause
{
    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>This user may not read it.</summary>
    Forbidden,

    /// <summary>It is too long, no regular file, or its disk is at fault.</summary>
    Unusable,

    /// <summary>It includes itself, which Kamailio does not take.</summary>
    Loop,

    /// <summary>It is included by one that is included, and so on, more often than Kamailio takes.</summary>
    TooDeep,
}
