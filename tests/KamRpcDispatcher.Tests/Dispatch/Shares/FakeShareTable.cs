using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push.Shares;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

/// <summary>Kamailio's table of share maps, made up.</summary>
internal sealed class FakeShareTable : IShareTable
{
    public Dictionary<int, string> Maps { get; } = [];

    public bool IsMissing { get; set; }

    public bool Forgets { get; set; }

    public int Writes { get; private set; }

    public Task<ListedMap> ReadAsync(int set, CancellationToken cancellationToken) => Task.FromResult(new ListedMap(!IsMissing, Maps.GetValueOrDefault(set)));

    public Task WriteAsync(int set, ShareMap? map, CancellationToken cancellationToken)
    {
        Writes++;
        Maps.Remove(set);
        if (map is not null && !Forgets)
        {
            Maps[set] = map.Text;
        }

        return Task.CompletedTask;
    }
}
