using KamRpcDispatcher.IntegrationTests.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>By what a Kamailio routes the calls of set 1 at one moment: its share map, and who is active in which set.</summary>
internal sealed class RoutingSnapshot
{
    private const int Home = 1;

    private readonly ILookup<int, string> _active;

    private RoutingSnapshot(ShareMap? map, IEnumerable<FakeDestination> list) =>
        (Map, _active) = (map, list.Where(static entry => entry.Flags[0] == 'A').ToLookup(static entry => entry.Set, static entry => Spelling.First(entry.Uri)));

    /// <summary>Null for none.</summary>
    public ShareMap? Map { get; }

    public static async Task<RoutingSnapshot> ReadAsync(KamailioServer kamailio) => new(await ListedMap.OfAsync(kamailio, Home), await kamailio.ListAsync());

    /// <summary>The servers that a call may go to: those of its slot's class, or of the home set.</summary>
    public IEnumerable<string> ServersOf(string callId) => ServersOf(CoreHash.SlotOf(callId));

    /// <summary>Which part of the calls with one key some servers get: those of a class, and of the home set, take turns.</summary>
    public double PartOf(string callId, IReadOnlyCollection<string> servers) => PartOf(CoreHash.SlotOf(callId), servers);

    /// <summary>Which part of all calls they get.</summary>
    public double PartOf(IReadOnlyCollection<string> servers) => Enumerable.Range(0, ShareMap.Slots).Average(slot => PartOf(slot, servers));

    private double PartOf(int slot, IReadOnlyCollection<string> servers)
    {
        List<string> all = [.. ServersOf(slot)];
        return all.Count == 0 ? 0 : (double)all.Count(servers.Contains) / all.Count;
    }

    private IEnumerable<string> ServersOf(int slot)
    {
        var number = Map?[slot] ?? ShareMap.HomeNumber;
        return number != ShareMap.HomeNumber && _active.Contains(ShareMap.FirstSet + number) ? _active[ShareMap.FirstSet + number] : _active[Home];
    }
}
