using System.Collections.Immutable;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Observations of a Kamailio and an etcd with which all is well, to change one thing in.</summary>
internal static class Healthy
{
    public const string SocketPath = "/run/kamailio/kamailio_rpc.sock";
    public const string FifoPath = "/run/kamailio/kamailio_rpc.fifo";
    public const string CtlPath = "/run/kamailio/kamailio_ctl";

    /// <summary>What a dispatcher says of itself in Kamailio's lock and mark.</summary>
    public const string Dispatcher = "p1 (PID 7) on host h for cluster default, over " + KamailioAddress.Default;

    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    public static readonly FileRights Directory = Rights("/run/kamailio", Octal("755"));

    public static readonly KamailioObservation Kamailio = new()
    {
        Address = KamailioAddress.Parse(KamailioAddress.Default),
        Reply = TimeSpan.FromMilliseconds(0.5),
        Version = new KamailioVersion(5, 6),
        VersionText = "kamailio 5.6.3 (x86_64/linux)",
        Modules = Modules("dispatcher", "jsonrpcs", "xlog", "textops", "pv", "sl", "tmx", "tm"),
        IsPretty = false,
        Processes = Processes("main process - attendant", "udp receiver child=0 sock=127.0.0.1:5060", "timer", "JSONRPCS DATAGRAM"),
        ProcessView = "syscall",
        Memory = Memory(256, freePercent: 96),
        List = List(Destination("sip:10.0.0.1:5060"), Destination("sip:[2001:db8::1]:5060;transport=tcp")),
        Clock = Clock(TimeSpan.Zero),
        LockHolder = Dispatcher,
        Mark = Dispatcher,
        Shares = new ShareTables(HasMaps: true, HasCounts: true),
        ReloadDelta = new Parameter(0, "kamailio.cfg:1"),
        LoadMode = new Parameter(1, "kamailio.cfg:2"),
        Transport = new Parameter(4, "kamailio.cfg:3"),
        CallSlots = new Parameter(0, "the default"),
        Config = Config(),
        BinrpcStructure = new Parameter(8, "the default"),
        Sockets = [Socket(SocketKind.JsonDatagram, SocketPath, "600")],
        Replies = new ReplyDirectory("/run/kamrpc", [Rights("/", Octal("755")), Rights("/run", Octal("755")), Rights("/run/kamrpc", Octal("711"))], IsWritable: true, KamailioUser: 108),
    };

    public static readonly EndpointObservation Endpoint = new("http://10.0.0.5:2379", new EndpointStatus("3.4.23", HasLeader: true, 20480, [], TimeSpan.FromMilliseconds(1)) { Revision = 20_000, CompactedRevision = 15_000, QuotaBytes = 2L << 30 }, Clock(TimeSpan.Zero));

    public static ProxyStatus Proxy { get; } = new(5, Now, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Contact = new KamailioContact(true, Now.AddMinutes(-3), null), WrittenAt = Now, Version = "1.0" };

    public static readonly EtcdObservation Etcd = new(
        [Endpoint], Observed<IReadOnlyList<Member>>.Of([Members.Of("a", uri: "sip:10.0.0.1:5060")]), Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy("p1", Proxy, null)])) { ReadAt = Now };

    public static UnixFileMode Octal(string mode) => (UnixFileMode)Convert.ToInt32(mode, 8);

    public static FileRights Rights(string path, UnixFileMode mode) => new(path, 0, "root:root", mode);

    public static RpcSocket Socket(SocketKind kind, string path, string mode) => new(kind, path) { File = Rights(path, Octal(mode)), Directory = Directory };

    public static Observed<IReadOnlyList<string>> Modules(params string[] names) => Observed<IReadOnlyList<string>>.Of(names);

    public static Observed<IReadOnlyList<KamailioProcess>> Processes(params string[] descriptions) =>
        Observed<IReadOnlyList<KamailioProcess>>.Of([.. descriptions.Select(static (description, index) => new KamailioProcess(100 + index, description))]);

    public static SharedMemory Memory(long megabytes, int freePercent)
    {
        var total = megabytes * 1024 * 1024;
        return new SharedMemory(total, total * freePercent / 100, 0, 0, 0, 0);
    }

    /// <summary>A configuration with nothing in it but calls.</summary>
    public static KamailioConfig Config(params ScriptCall[] calls) => new([], ["/etc/kamailio/kamailio.cfg"], []) { Calls = calls };

    /// <summary>A call at line 7, with the arguments as they are written.</summary>
    public static ScriptCall Call(string function, string arguments = "", string route = "request_route") =>
        new(function, arguments, ScriptCall.Split(arguments, new Defines(new Dictionary<string, string>())), route, IsCertain: true, "/etc/kamailio/kamailio.cfg:7");

    public static ListReply List(params DispatcherDestination[] destinations) => new(destinations, destinations.Length * 200);

    public static DispatcherDestination Destination(string uri, int weight = 0, int relativeWeight = 0) =>
        new() { Set = 1, Uri = uri, State = DestinationState.Active, Weight = weight, RelativeWeight = relativeWeight };

    public static DispatcherDestination[] Destinations(int count, int weight = 0, int relativeWeight = 0) =>
        [.. Enumerable.Range(1, count).Select(number => Destination($"sip:10.0.{number / 256}.{number % 256}", weight, relativeWeight))];

    /// <summary>A clock that is ahead, asked in no time.</summary>
    public static ClockReading Clock(TimeSpan ahead) => new(Now, Now, Now + ahead);
}
