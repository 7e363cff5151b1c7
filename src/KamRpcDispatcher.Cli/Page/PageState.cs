using System.Text.Json.Serialization;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>
/// What the page shows, as it is sent: the one model of <c>kamrpc dispatch</c>'s page and of <c>kamrpc page</c>. Words are those of <c>kamrpc status</c>; what grows old is a time, so that an age is reckoned where it is shown.
/// </summary>
internal sealed record PageState
{
    /// <summary>Whether all members are there; else those only that are not as they were sent before.</summary>
    public bool Whole { get; init; } = true;

    public required string Cluster { get; init; }

    /// <summary>Whose page it is; null for that of the whole cluster.</summary>
    public string? Proxy { get; init; }

    public required string Version { get; init; }

    /// <summary>When it was made, by the clock of the machine that made it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether anything is known of members at all.</summary>
    public required bool Known { get; init; }

    public required PageEtcd Etcd { get; init; }

    public IReadOnlyList<PageFinding> Findings { get; init; } = [];

    public IReadOnlyList<PageSet> Sets { get; init; } = [];

    public IReadOnlyList<PageMember> Members { get; init; } = [];

    /// <summary>The members that are not there any more, by <see cref="PageMember.Id"/>; where not all are sent.</summary>
    public IReadOnlyList<string> Gone { get; init; } = [];

    public IReadOnlyList<PageProxy> Proxies { get; init; } = [];

    public IReadOnlyList<PageRollout> Rollouts { get; init; } = [];

    public IReadOnlyList<PageChange> Changes { get; init; } = [];

    /// <summary>Why rollouts or the history are not shown; null where they are.</summary>
    public string? NotReadable { get; init; }
}

/// <summary>Whether etcd is read.</summary>
/// <param name="Answers">Whether it answers; null before it was asked.</param>
/// <param name="Since">Since when it does not.</param>
/// <param name="Reason">Why not.</param>
/// <param name="ReadAt">When it was read last.</param>
internal sealed record PageEtcd(bool? Answers, DateTimeOffset? Since, string? Reason, DateTimeOffset? ReadAt);

/// <summary>Something that is not as it should be.</summary>
internal sealed record PageFinding(string Code, string Text, int? Set, string? Member, string? Proxy);

/// <summary>A set.</summary>
internal sealed record PageSet
{
    public required int Set { get; init; }

    /// <summary>How many get calls, in the words of <c>kamrpc status</c>.</summary>
    public required string Answer { get; init; }

    public required string Tone { get; init; }

    /// <summary>How many members are announced.</summary>
    public required int Members { get; init; }

    public required int Getting { get; init; }

    /// <summary>How calls are shared; empty where the set is neither split nor weighted.</summary>
    public IReadOnlyList<PageShare> Shares { get; init; } = [];

    /// <summary>What shows the same by other programs.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}

/// <summary>The share of a class of a set, in per cent.</summary>
/// <param name="Name">The class.</param>
/// <param name="Wanted">What it is to get; null where proxies differ.</param>
/// <param name="Measured">What it had; null where nothing was counted.</param>
/// <param name="Calls">The calls counted.</param>
/// <param name="Since">Since when.</param>
/// <param name="Until">Until when.</param>
/// <param name="Counted">Whether Kamailio counts at all; null where nobody knows yet.</param>
internal sealed record PageShare(string Name, double? Wanted, double? Measured, long? Calls, DateTimeOffset? Since, DateTimeOffset? Until, bool? Counted);

/// <summary>A member, one that has left and is not yet removed, or a destination that somebody else put into the list.</summary>
internal sealed record PageMember
{
    public required string Id { get; init; }

    public required int Set { get; init; }

    public required string Name { get; init; }

    public required string Uri { get; init; }

    /// <summary>Whether it gets calls, in the words of <c>kamrpc status</c>.</summary>
    public required string Calls { get; init; }

    public required string Tone { get; init; }

    public required string State { get; init; }

    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether no lease holds its record: nobody takes it away but who put it there.</summary>
    public bool? Static { get; init; }

    public string? Why { get; init; }

    public string? By { get; init; }

    public int? Weight { get; init; }

    /// <summary>What is to be said beside, of some or all proxies.</summary>
    public IReadOnlyList<PageRemark> Remarks { get; init; } = [];

    /// <summary>Kamailio's flags; null where nobody tells.</summary>
    public string? Flags { get; init; }

    /// <summary>How long pings are answered in, in milliseconds.</summary>
    public double? Latency { get; init; }

    /// <summary>The calls that are up, where algorithm 10 counts them.</summary>
    public int? Load { get; init; }

    public int? MostLoad { get; init; }

    /// <summary>The calls in each half minute of the last quarter of an hour, the oldest first; null where nobody counts.</summary>
    public IReadOnlyList<long?>? Plot { get; init; }
}

/// <summary>What is said of a member beside its state.</summary>
/// <param name="Text">What, with where it is so.</param>
/// <param name="Flags">Kamailio's flags there.</param>
/// <param name="Since">Since when.</param>
/// <param name="End">What happens then.</param>
/// <param name="Until">When it is over by itself.</param>
internal sealed record PageRemark(string Text, string? Flags = null, DateTimeOffset? Since = null, string? End = null, DateTimeOffset? Until = null);

/// <summary>A proxy.</summary>
internal sealed record PageProxy
{
    public required string Name { get; init; }

    public string? Kamailio { get; init; }

    public required string KamailioTone { get; init; }

    public required string State { get; init; }

    public required string Tone { get; init; }

    public long? Behind { get; init; }

    public int? Drift { get; init; }

    /// <summary>When its Kamailio's list was read last.</summary>
    public DateTimeOffset? ListSeenAt { get; init; }

    /// <summary>When its report was written, by this machine's clock.</summary>
    public DateTimeOffset? ReportedAt { get; init; }

    public string? Version { get; init; }

    /// <summary>Why nobody knows what is so there.</summary>
    public string? Doubt { get; init; }

    public IReadOnlyList<string> Troubles { get; init; } = [];
}

/// <summary>A rollout that has not ended.</summary>
internal sealed record PageRollout
{
    public required int Set { get; init; }

    public required string Kind { get; init; }

    public required string Phase { get; init; }

    public required string Tone { get; init; }

    public string? To { get; init; }

    public string? Share { get; init; }

    public string? Step { get; init; }

    /// <summary>How far it is, 0 to 1; null where nobody can say.</summary>
    public double? Done { get; init; }

    public DateTimeOffset? Since { get; init; }

    public string? RunBy { get; init; }

    public string? Said { get; init; }
}

/// <summary>A change that somebody made.</summary>
internal sealed record PageChange(DateTimeOffset At, string By, string What, string Sets, string Whom, string? Change, string? Applied);

/// <summary>Written by generated code, as a native program has to.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PageState))]
internal sealed partial class PageJson : JsonSerializerContext;
