using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>A whole installation: etcd, Kamailio with the snippet, <c>kamrpc dispatch</c>, and as many <c>kamrpc announce</c> as wanted.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly List<ServerProcess> _processes = [];
    private readonly FleetOptions _options;
    private EtcdConnection? _store;

    private Fleet(EtcdServer etcd, KamailioServer kamailio, FleetOptions options)
    {
        Etcd = etcd;
        Kamailio = kamailio;
        _options = options;
        Relay = options.RelaySeed is { } seed ? new RpcRelay(kamailio.SocketPath, seed) : null;
    }

    public EtcdServer Etcd { get; }

    public KamailioServer Kamailio { get; }

    /// <summary>Between the dispatcher and Kamailio, where the options ask for one.</summary>
    public RpcRelay? Relay { get; }

    public ServerProcess Dispatcher { get; private set; } = null!;

    public EtcdKeys Keys { get; } = new("default");

    /// <summary>The test's own way to etcd, which tells the moment of the answer.</summary>
    public EtcdConnection Store => _store ??= new EtcdConnection(Endpoints(Etcd), TimeProvider.System);

    public static Task<Fleet> StartAsync(KamailioOptions? options = null, params string[] dispatchOptions) =>
        StartAsync(new FleetOptions { Kamailio = options, Dispatch = dispatchOptions });

    public static async Task<Fleet> StartAsync(FleetOptions options)
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        var servers = new Fleet(await EtcdServer.StartAsync(), await KamailioServer.StartAsync(options.Kamailio ?? KamailioOptions.WithLatePings), options);
        return await ServerLife.StartOrDisposeAsync(servers, static fleet =>
        {
            fleet.StartDispatcher();
            return fleet.Dispatcher.WaitForLineAsync("In step with revision", Deadline);
        });
    }

    public static EtcdEndpoints Endpoints(EtcdServer etcd) =>
        EtcdEndpoints.TryParse(etcd.Endpoint, out var endpoints, out var error) ? endpoints : throw new InvalidOperationException(error);

    /// <summary>Removes at once what left, unless the test says otherwise.</summary>
    /// <param name="more">Options for this start only.</param>
    public void StartDispatcher(params string[] more)
    {
        string[] options = [.. _options.Dispatch, .. more];
        Dispatcher = Start(
        [
            "dispatch", "--etcd", Etcd.Endpoint, "--kamailio", Relay is null ? Kamailio.RpcAddress : "jsonrpc+unix:" + Relay.Path, "--proxy", "p1",
            .. Unless("--reply-dir", _folder.File("r")), .. Unless("--state-dir", _folder.File("state")),
            .. Unless("--metrics", "none"),
            .. _options.HasDefaultRemovalDelay ? [] : Unless("--removal-delay", "0s"),
            .. options.Select(option => option.Replace("{fifo}", Kamailio.FifoPath, StringComparison.Ordinal)),
        ],
        _options.OnDispatcherLine,
        _options.Starter);

        string[] Unless(string option, string value) => options.Contains(option) ? [] : [option, value];
    }

    /// <summary>Starts an announcer and waits until its key is written.</summary>
    public async Task<ServerProcess> AnnounceAsync(string name, string uri, params string[] options)
    {
        var announcer = Start(["announce", "--etcd", Etcd.Endpoint, "--name", name, "--uri", uri, .. options.Contains("--probe") ? [] : (string[])["--probe", "none"], .. options]);
        await announcer.WaitForLineAsync("Wrote /kamrpc/", Deadline);
        return announcer;
    }

    public ServerProcess Start(string[] arguments, Action<string>? onLine = null, string[]? starter = null)
    {
        string[] command = [.. starter ?? [], .. KamrpcProgram.Command, .. arguments];
        var (program, all) = PrivateResolver.Around(_options.Kamailio?.ResolverFile, null, command[0], command[1..]);
        var process = ServerProcess.Start(program, all, onLine: onLine);
        _processes.Add(process);
        return process;
    }

    /// <summary>Writes a member's record without a lease; the answer is the moment of etcd's.</summary>
    public async Task<long> PutAsync(string member, string value)
    {
        await Store.Keys.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(Keys.Members + member), Value = ByteString.CopyFromUtf8(value) });
        return Stopwatch.GetTimestamp();
    }

    public Task<long> PutUriAsync(string member, string uri) => PutAsync(member, $"{{\"uri\":\"{uri}\"}}");

    /// <summary>Deletes a member's record; the answer is the moment of etcd's.</summary>
    public async Task<long> DeleteAsync(string member)
    {
        await Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(Keys.Members + member) });
        return Stopwatch.GetTimestamp();
    }

    /// <summary>The URIs that the store holds, by set.</summary>
    public async Task<HashSet<(int Set, string Uri)>> AnnouncedAsync()
    {
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8(Keys.Members), RangeEnd = ByteString.CopyFromUtf8(Keys.Members[..^1] + "0") };
        var table = new MembershipTable(Keys, TimeProvider.System);
        foreach (var pair in (await Store.Keys.RangeAsync(range)).Kvs)
        {
            table.Put(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
        }

        return [.. table.At(0).Members.Select(static member => (member.Key.Set, member.Uri.Text))];
    }

    /// <summary>Waits until the first proxy reports that so many members of set 1 get calls: what operators are refused goes by that.</summary>
    public Task ReportedAsync(int serving) => new Reports(Store).WaitAsync(status => status.Sets.TryGetValue(1, out var set) && set.Serving == serving);

    /// <summary>Reads Kamailio's list over and over until it is as wanted; answers when it was.</summary>
    public async Task<long> WaitForListAsync(Func<IReadOnlyList<FakeDestination>, bool> condition, TimeSpan? timeout = null)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyList<FakeDestination> list = [];
            try
            {
                list = await Kamailio.ListAsync();
                if (condition(list))
                {
                    return Stopwatch.GetTimestamp();
                }
            }
            catch (Exception exception) when (exception is System.Net.Sockets.SocketException or TimeoutException)
            {
                // Kamailio is not there at the moment.
            }

            if (Stopwatch.GetElapsedTime(begun) > (timeout ?? Deadline))
            {
                throw new TimeoutException($"The list is not as wanted:\n{string.Join('\n', list)}\n{Dispatcher.Output}");
            }

            // Lets others have the processor: the machine is small, and Kamailio answers one call at a time.
            await Task.Delay(1);
        }
    }

    /// <summary>Listed, and not disabled by the dispatcher; Kamailio's probing may have found nobody there.</summary>
    public static bool IsEnabled(IEnumerable<FakeDestination> list, string uri) =>
        list.Any(entry => entry.Uri == uri && entry.Flags[0] != 'D');

    /// <summary>Listed, and active.</summary>
    public static bool IsRoutable(IEnumerable<FakeDestination> list, string uri) =>
        list.Any(entry => entry.Uri == uri && entry.Flags[0] == 'A');

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _store?.Dispose();
        await (Relay?.DisposeAsync() ?? default);
        await Kamailio.DisposeAsync();
        await Etcd.DisposeAsync();
        _folder.Dispose();
    }
}
