namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>Something of a cluster that is not as it should be: each one makes the exit code 1.</summary>
/// <param name="Code">What kind of thing, one of <see cref="FindingCode"/>; it stays the same from version to version.</param>
/// <param name="Text">The sentence for people, in one line, safe to print.</param>
internal sealed record StatusFinding(string Code, string Text)
{
    /// <summary>The set that it is about, if it is about one.</summary>
    public int? Set { get; init; }

    /// <summary>The member's name, as found.</summary>
    public string? Member { get; init; }

    /// <summary>The proxy's name, as found.</summary>
    public string? Proxy { get; init; }
}

/// <summary>The codes of <see cref="StatusFinding"/>. Those of troubles that a proxy reports are <see cref="Trouble"/> and their kind.</summary>
internal static class FindingCode
{
    public const string NoProxy = "no-proxy";
    public const string NoMembers = "no-members";
    public const string SourceAway = "source-away";
    public const string KamailioLost = "kamailio-lost";
    public const string DispatcherHangs = "dispatcher-hangs";
    public const string NotFollowed = "not-followed";
    public const string ReportStale = "report-stale";
    public const string ReportUnreadable = "report-unreadable";
    public const string ReportOfOlderVersion = "report-older-version";
    public const string SetWithoutDestination = "set-without-destination";
    public const string SetWithoutMembers = "set-without-members";
    public const string SetBelowHalf = "set-below-half";
    public const string SetDrained = "set-drained";
    public const string SetFull = "set-full";
    public const string MemberWithoutCalls = "member-without-calls";
    public const string CallsNotKnown = "calls-not-known";
    public const string MemberStillServing = "member-still-serving";
    public const string Deviation = "deviation";
    public const string AddressHeld = "address-held";
    public const string NameHeld = "name-held";
    public const string TwoProxiesOnOneHost = "two-proxies-on-one-host";
    public const string ShareWaysDiffer = "share-ways-differ";
    public const string Held = "held";
    public const string Quarantined = "quarantined";
    public const string Drift = "drift";
    public const string Behind = "behind";
    public const string Snapshot = "snapshot";
    public const string Rejected = "rejected";
    public const string IntentsNotFollowed = "intents-not-followed";
    public const string IntentsNotReadable = "intents-not-readable";
    public const string Trouble = "trouble-";

    /// <summary>A trouble whose kind is no word.</summary>
    public const string OddTrouble = "trouble";

    /// <summary>All of them that are not made of a kind.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NoProxy, NoMembers, SourceAway, KamailioLost, DispatcherHangs, NotFollowed, ReportStale, ReportUnreadable, ReportOfOlderVersion, SetWithoutDestination, SetWithoutMembers, SetBelowHalf, SetDrained, SetFull, MemberWithoutCalls, CallsNotKnown, MemberStillServing, Deviation,
        AddressHeld, NameHeld, TwoProxiesOnOneHost, ShareWaysDiffer, Held, Quarantined, Drift, Behind, Snapshot, Rejected, IntentsNotFollowed, IntentsNotReadable, OddTrouble,
    ];
}
