using System.Net;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>The tables (module htable) of the snippet by which calls are shared, and counted.</summary>
internal readonly record struct ShareTables(bool HasMaps, bool HasCounts);

/// <summary>What was seen of one Kamailio. What was not reached, or not allowed to be seen, says why.</summary>
internal sealed record KamailioObservation
{
    /// <summary>What everything says that was not read because Kamailio does not answer.</summary>
    public static readonly Trouble NotReached = new("Kamailio does not answer", Causes.Kamailio);

    /// <summary>What a Kamailio's config needs so that dispatchers can mark it.</summary>
    public const string MarkLines = MarkTable.ConfigLines;

    private static readonly Observed<Parameter> NoParameter = Observed<Parameter>.Not(NotReached);

    /// <summary>Where it answers, or should; null when none of the usual sockets answers.</summary>
    public KamailioAddress? Address { get; init; }

    /// <summary>The addresses that were tried before, each with the reason.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>How long <c>core.echo</c> took.</summary>
    public Observed<TimeSpan> Reply { get; init; } = Observed<TimeSpan>.Not(NotReached);

    /// <summary>Whether what was sent to it got no reply in time; otherwise, where there is no <see cref="Reply"/>, nothing could be sent.</summary>
    public bool IsSilent { get; init; }

    /// <summary>The directory on the way to its socket through which this user may not pass; null when there is none.</summary>
    public FileRights? Closed { get; init; }

    /// <summary>The Kamailios of this machine, the one that is meant first, where it does not answer; or why they cannot be seen.</summary>
    public Observed<IReadOnlyList<RunningKamailio>> Running { get; init; } = Observed<IReadOnlyList<RunningKamailio>>.Not("not looked for");

    /// <summary>The directory in which its replies are waited for; null where they come over a connection.</summary>
    public string? RepliesTo { get; init; }

    /// <summary>Who examines it.</summary>
    public Credentials Examiner { get; init; } = new(0, []);

    /// <summary>Who it is, where its processes are seen from here; null where that is not known.</summary>
    public Credentials? User { get; init; }

    public Observed<KamailioVersion> Version { get; init; } = Observed<KamailioVersion>.Not(NotReached);

    /// <summary>The version as Kamailio tells it; null when it does not.</summary>
    public string? VersionText { get; init; }

    public Observed<IReadOnlyList<string>> Modules { get; init; } = Observed<IReadOnlyList<string>>.Not(NotReached);

    /// <summary>Whether a reply had line breaks between its parts.</summary>
    public Observed<bool> IsPretty { get; init; } = Observed<bool>.Not(NotReached);

    public Observed<IReadOnlyList<KamailioProcess>> Processes { get; init; } = Observed<IReadOnlyList<KamailioProcess>>.Not(NotReached);

    /// <summary>The view through which the processes can be seen at rest.</summary>
    public Observed<string> ProcessView { get; init; } = Observed<string>.Not(NotReached);

    /// <summary>The lines for the unit of the dispatcher, where Kamailio has capabilities that this process has not, so that it cannot be seen at what it does; else null.</summary>
    public string? CapabilitySetting { get; init; }

    /// <summary>Those that were never seen at rest in that view, within about a second.</summary>
    public IReadOnlyList<KamailioProcess> Restless { get; init; } = [];

    /// <summary>Those that are stopped, and so do not do what they are for.</summary>
    public IReadOnlyList<KamailioProcess> Stopped { get; init; } = [];

    public Observed<SharedMemory> Memory { get; init; } = Observed<SharedMemory>.Not(NotReached);

    /// <summary>Where it receives SIP, and sends from.</summary>
    public Observed<IReadOnlyList<KamailioSocket>> Listens { get; init; } = Observed<IReadOnlyList<KamailioSocket>>.Not(NotReached);

    public Observed<ListReply> List { get; init; } = Observed<ListReply>.Not(NotReached);

    /// <summary>The host names in the list that have no address now.</summary>
    public IReadOnlySet<string> UnresolvedNames { get; init; } = new HashSet<string>();

    public Observed<ClockReading> Clock { get; init; } = Observed<ClockReading>.Not(NotReached);

    /// <summary>dispatcher, <c>reload_delta</c>.</summary>
    public Observed<Parameter> ReloadDelta { get; init; } = NoParameter;

    /// <summary>dispatcher, <c>ds_load_mode</c>.</summary>
    public Observed<Parameter> LoadMode { get; init; } = NoParameter;

    /// <summary>Whether the list that it loads at its start has destinations of kamrpc's, or is to have them (<c>--boot-list</c>).</summary>
    public bool HasBootList { get; init; }

    /// <summary>jsonrpcs, <c>transport</c>.</summary>
    public Observed<Parameter> Transport { get; init; } = NoParameter;

    /// <summary>ctl, <c>binrpc_struct_max_body_size</c>, in KiB.</summary>
    public Observed<Parameter> BinrpcStructure { get; init; } = NoParameter;

    /// <summary>dispatcher, <c>ds_hash_size</c>: 2 to the power of it are the slots for the calls that algorithm 10 counts.</summary>
    public Observed<Parameter> CallSlots { get; init; } = NoParameter;

    public Observed<KamailioConfig> Config { get; init; } = Observed<KamailioConfig>.Not(NotReached);

    /// <summary>The algorithm of the project's snippet, where that is in use: the define KAMRPC_ALG.</summary>
    public string? Algorithm { get; init; }

    /// <summary>The same for KAMRPC_PING_CODES.</summary>
    public string? PingCodes { get; init; }

    /// <summary>The same for KAMRPC_FAILOVER_CODES.</summary>
    public string? FailoverCodes { get; init; }

    public IReadOnlyList<RpcSocket> Sockets { get; init; } = [];

    /// <summary>Null where none is used.</summary>
    public ReplyDirectory? Replies { get; init; }

    /// <summary>What the dispatcher that holds Kamailio's lock says of itself, empty when none does; or why that cannot be seen.</summary>
    public Observed<string> LockHolder { get; init; } = Observed<string>.Not(NotReached);

    /// <summary>The process that holds it; null where none does, or it is not seen from here.</summary>
    public int? LockPid { get; init; }

    /// <summary>The process that holds the lock, or has left the mark, where it is stopped; else null.</summary>
    public int? StoppedHolder { get; init; }

    /// <summary>Who has marked Kamailio as served, empty when nobody has; or why there is no place for a mark.</summary>
    public Observed<string> Mark { get; init; } = Observed<string>.Not(NotReached);

    /// <summary>Which of the tables it has by which calls are shared.</summary>
    public Observed<ShareTables> Shares { get; init; } = Observed<ShareTables>.Not(NotReached);

    /// <summary>Whether the process that left the mark has surely ended.</summary>
    public bool HasMarkerEnded { get; init; }

    /// <summary>What its configuration says of one more socket, and which there are.</summary>
    public string ListenLine => Listens.Try(out var sockets, out _) ? $"listen=TRANSPORT:ADDRESS:PORT (it listens on {SendingSockets.Told(sockets)})" : "listen=TRANSPORT:ADDRESS:PORT";

    /// <summary>Whether it is known that it has no socket from which it could send to a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="addresses">What host names lead to from here.</param>
    public bool IsWithoutSocketFor(Member member, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> addresses) =>
        Listens.Try(out var sockets, out _) && !member.Attributes.ContainsKey("obproxy")
        && SendingSockets.Missing(sockets, member.Uri, member.Uri.Address is { } address ? [address] : addresses.GetValueOrDefault(member.Uri.Host) ?? []) is not null;
}
