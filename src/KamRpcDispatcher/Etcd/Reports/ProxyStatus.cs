using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What one proxy says of itself in <c>proxies/&lt;proxy&gt;</c>.</summary>
/// <param name="Revision">The revision of the store whose membership Kamailio's list was last seen to equal, destinations that Kamailio refuses apart.</param>
/// <param name="AppliedAt">When that was seen: when Kamailio's list was read last. It stands still while Kamailio does not answer.</param>
/// <param name="Kamailio">Kamailio's release.</param>
/// <param name="Drift">How many changes are still owed, to destinations that Kamailio refuses too.</param>
/// <param name="Sets">What the list holds, by set; sets of which it holds nothing are there too where they have ready members, or <c>--set</c> names them.</param>
/// <remarks>
/// A written report is smaller than <c>ReportWriter.MostBytes</c>: of lists that are too long for it the first ones are named, and the
/// others counted.
/// </remarks>
public sealed record ProxyStatus(long Revision, DateTimeOffset AppliedAt, string Kamailio, int Drift, ImmutableSortedDictionary<int, SetStatus> Sets)
{
    /// <summary>The kinds of record that this version follows.</summary>
    public static ImmutableArray<string> FollowedKinds { get; } = ["members", IntentsProgress.Kind, ProxyIntent.Kind, SplitsProgress.Kind];

    /// <summary>
    /// The revision up to which every member that is to get no new calls gets none, which may be ahead of <see cref="Revision"/> while there
    /// is something to add; null in a report of a version that did not say it.
    /// </summary>
    public long? Silenced { get; init; }

    /// <summary>The kinds of record that the proxy follows; empty in a report of a version that did not say it.</summary>
    public ImmutableArray<string> Applies { get; init; } = [];

    /// <summary>How far operators' intents are in force: 0 until they have been read. Null where etcd does not let them be read, and in a report of a version that did not say it.</summary>
    public IntentsProgress? Intents { get; init; }

    /// <summary>How far operators' splits are in force: 0 until they have been read. Null where etcd does not let them be read, and in a report of a version that did not say it.</summary>
    public SplitsProgress? Splits { get; init; }

    /// <summary>The zone whose members it prefers; null where it prefers none.</summary>
    public string? Zone { get; init; }

    /// <summary>Members that start slowly, the first <see cref="StartingMember.MostInReport"/>.</summary>
    public ImmutableArray<StartingMember> Starting { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreStarting { get; init; }

    /// <summary>Ready members that get only what fails over, the first <see cref="UnsharedMember.MostInReport"/>; those apart that <see cref="SetStatus.Zone"/> tells of.</summary>
    public ImmutableArray<UnsharedMember> Unshared { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreUnshared { get; init; }

    /// <summary>What an operator wishes of the proxy itself. Null where etcd does not let that be read, and in a report of a version that did not say it.</summary>
    public ProxyIntent? Intent { get; init; }

    /// <summary>Whether an operator has drained the proxy itself, as far as its dispatcher knows.</summary>
    public bool IsDrained => Intent is { IsDrained: true };

    /// <summary>As many sets are named as <see cref="Serves"/>; of more the report says nothing.</summary>
    public const int MostServed = 50;

    /// <summary>The only sets that the proxy serves; empty where it serves every set, where they are too many to be named, and in a report of a version that did not say it.</summary>
    public ImmutableArray<int> Serves { get; init; } = [];

    /// <summary>Whether it follows operators' intents, or will as soon as it has read them: an earlier version does not, nor does one that may not read them.</summary>
    public bool FollowsIntents => Applies.Contains(IntentsProgress.Kind);

    /// <summary>The shares of calls; null in a report of a version that did not say it.</summary>
    public ShareReport? Shares { get; init; }

    /// <summary>The calls that are up on drained members, as Kamailio's dialogs count them; null where they count none, and in a report of a version that did not say it.</summary>
    public DialogReport? Dialogs { get; init; }

    /// <summary>How long Kamailio's list is; null until it was read, and in a report of a version that did not say it.</summary>
    public ListRoom? List { get; init; }

    /// <summary>Which Kamailio the report is of; null in a report of a version that did not say it.</summary>
    public ProxyIdentity? Identity { get; init; }

    /// <summary>Whether Kamailio answers; null in a report of a version that did not say it.</summary>
    public KamailioContact? Contact { get; init; }

    /// <summary>When the report was written: on each change, else every <see cref="WrittenEvery"/>; null in a report of a version that did not say it.</summary>
    public DateTimeOffset? WrittenAt { get; init; }

    /// <summary>How old a report may grow while the daemon lives and reaches etcd.</summary>
    public static TimeSpan WrittenEvery { get; } = TimeSpan.FromSeconds(10);

    /// <summary>What the daemon's loop was at then; null in a report of a version that did not say it.</summary>
    public LoopStatus? Loop { get; init; }

    /// <summary>Whether the loop hangs: it follows nothing, and what it said of Kamailio's list is of before.</summary>
    public bool Hangs => Loop is { Hangs: true };

    /// <summary>How old the list was when the report was written.</summary>
    public TimeSpan ListAge => WrittenAt - ListReadAt is { } age && age > TimeSpan.Zero ? age : TimeSpan.Zero;

    /// <summary>A Kamailio that answers again has had its list read, though nobody may have made anything of that yet.</summary>
    private DateTimeOffset ListReadAt => Contact is { Answers: true, Since: var since } && since > AppliedAt ? since : AppliedAt;

    /// <summary>Whether the list was read so long ago that the loop has to be at something that takes long: changes, one after another.</summary>
    public bool IsListOld => ListAge > OldList + (Loop?.Rest ?? TimeSpan.Zero);

    private static readonly TimeSpan OldList = TimeSpan.FromSeconds(15);

    /// <summary>Which members the proxy goes by; null where it does not know, and in a report of a version that did not say it.</summary>
    public FollowedMembers? Follows { get; init; }

    /// <summary>Where its members come from, the first ones; empty where all of them come from etcd or none, and in a report of a version that did not say it.</summary>
    public ImmutableArray<ReportedSource> Sources { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreSources { get; init; }

    /// <summary>Those of <see cref="Sources"/> that cannot be read.</summary>
    public IEnumerable<ReportedSource> SourcesAway => Sources.Where(static source => source.AwaySince is not null);

    /// <summary>Whether members of some sets come, or may come, from elsewhere than etcd.</summary>
    public bool HasSources => !Sources.IsEmpty || MoreSources > 0;

    /// <inheritdoc cref="ReportedSource.ElsewhereOf"/>
    public string? ElsewhereOf(int set) => ReportedSource.ElsewhereOf(set, Sources, MoreSources);

    /// <summary>Whether the set may have members of another source than etcd: who they are is not in etcd.</summary>
    public bool MayHaveOthersIn(int set) => ElsewhereOf(set) is { } source && source != ReportedSource.Nowhere;

    /// <summary>The version of the daemon; null in a report of a version that did not say it.</summary>
    public string? Version { get; init; }

    /// <summary>Destinations that are not as wished, the first <see cref="Deviation.MostInReport"/>, the worst first.</summary>
    public ImmutableArray<Deviation> Deviations { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreDeviations { get; init; }

    /// <summary>What somebody should know of, the first <see cref="ProxyTrouble.MostInReport"/>.</summary>
    public ImmutableArray<ProxyTrouble> Troubles { get; init; } = [];

    /// <summary>How many sets there are beside <see cref="Sets"/>: those that are as they should be are left out first.</summary>
    public int MoreSets { get; init; }

    /// <summary>As many held members as are written; what is confirmed makes room for others.</summary>
    public const int MostHeld = 400;

    /// <summary>Expired members that are kept, because too many expired at once: one of each set, then a second of each, and so on.</summary>
    public ImmutableArray<Member> Held { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreHeld { get; init; }

    /// <summary>As many refused destinations as are written.</summary>
    public const int MostQuarantined = 100;

    /// <summary>Destinations that Kamailio refuses.</summary>
    public ImmutableArray<QuarantinedDestination> Quarantined { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreQuarantined { get; init; }

    /// <summary>Whether all that it owes is what Kamailio refuses.</summary>
    public bool OwesOnlyRefused => Drift > 0 && Drift <= Quarantined.Length + MoreQuarantined;

    /// <summary>As many superseded members as are written.</summary>
    public const int MostSuperseded = 100;

    /// <summary>
    /// Members that are left out, since another name has their address: those first who leave while their address gets calls, then those whose
    /// address gets calls.
    /// </summary>
    public ImmutableArray<SupersededMember> Superseded { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreSuperseded { get; init; }

    /// <summary>How many of those who are not named leave while their address gets calls: whoever leaves cannot tell then whether it is one of them.</summary>
    public int MoreSupersededLeaving { get; init; }

    /// <summary>Whether the membership is one saved before, or one source's part of it is, because that was not reached yet.</summary>
    public bool IsFromSnapshot { get; init; }

    /// <summary>The grace periods so far.</summary>
    public GraceStatus Grace { get; init; }
}
