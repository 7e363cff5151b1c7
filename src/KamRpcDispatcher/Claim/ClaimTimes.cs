namespace KamRpcDispatcher.Claim;

/// <summary>The times on which the claim rests; each comment says which of them have to be longer than which.</summary>
internal static class ClaimTimes
{
    /// <summary>Between two signs of life.</summary>
    public static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>Between two readings of whoever waits for a sign of life.</summary>
    public static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(500);

    /// <summary>So many readings without one: three signs are missing then.</summary>
    public const int Readings = 6;

    /// <summary>
    /// How long one reading of the own mark is good for structural changes, where the socket tells that Kamailio is still the same: less than <see cref="LateWait"/>, and than a
    /// challenger waits. Where it does not tell, <see cref="FirstValidity"/>: a newcomer may find the table empty, and wait for <see cref="NewcomerWait"/> only.
    /// </summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMilliseconds(1500);

    /// <summary>From the question for the mark to the end of the writing after it, for the short waits to do: whoever writes measures it, and waits for long where it took longer.</summary>
    public static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(80);

    /// <summary>A holder that finds no mark (Kamailio was restarted) goes on at once, for as long as a newcomer's writing may lag: <see cref="Prompt"/>.</summary>
    public static readonly TimeSpan FirstValidity = Prompt;

    /// <summary>
    /// From a newcomer's writing to its reading back: longer than <see cref="FirstValidity"/>, and than <see cref="Prompt"/>, since who asked before that writing may write for so long after it. No
    /// longer than that: nothing is changed meanwhile, and it is most of a start.
    /// </summary>
    public static readonly TimeSpan NewcomerWait = TimeSpan.FromMilliseconds(90);

    /// <summary>The same for one whose writing lagged, and may have come over another's who holds the claim: longer than <see cref="Validity"/>.</summary>
    public static readonly TimeSpan LateWait = TimeSpan.FromSeconds(2);

    /// <summary>A daemon whose own loop paused for longer was stopped, and may have been followed by another.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    /// <summary>Until a Kamailio without the table is asked again: it logs an error each time.</summary>
    public static readonly TimeSpan NoTablePause = TimeSpan.FromMinutes(10);
}
