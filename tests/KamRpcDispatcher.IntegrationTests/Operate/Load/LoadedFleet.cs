using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Shares;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>Two Kamailios with a dispatcher each, and six servers (SIPp), "m1" to "m6": four of version v1, two of v2.</summary>
internal sealed class LoadedFleet : IAsyncDisposable
{
    /// <summary>Half of them through each proxy.</summary>
    public const int CallsPerSecond = 100;

    private const int All = 6;
    private const int Old = 4;

    private static readonly TimeSpan BetweenCounts = TimeSpan.FromMilliseconds(300);

    private readonly List<SipServer> _servers = [];
    private readonly TemporaryFolder _folder = new();
    private TwoProxies? _both;

    public IReadOnlyList<KamailioServer> Kamailios => Both.Kamailios;

    public TwoProxies Both => _both!;

    public CallLedger Ledger { get; } = new();

    public IReadOnlyList<string> Names { get; } = [.. Enumerable.Range(1, All).Select(static number => $"m{number}")];

    /// <summary>Who has version v2.</summary>
    public IReadOnlyList<string> New => [.. _servers.Skip(Old).Select(static server => server.Uri)];

    public static Task<LoadedFleet> StartAsync() => ServerLife.StartOrDisposeAsync(new LoadedFleet(), static fleet => fleet.BeginAsync());

    public SipServer Server(string name) => _servers[name[1] - '1'];

    /// <summary>Writes the members' records, and deletes those of the others.</summary>
    public async Task AnnounceAsync(IReadOnlyCollection<string> names)
    {
        foreach (var name in Names)
        {
            await (names.Contains(name)
                ? Both.Fleet.PutAsync("1/" + name, $$$"""{"uri":"{{{Server(name).Uri}}}","countsCalls":true,"labels":{"version":"{{{(New.Contains(Server(name).Uri) ? "v2" : "v1")}}}"}}""")
                : Both.Fleet.DeleteAsync("1/" + name));
        }

        await Both.InBothAsync(list => Names.All(name => Fleet.IsRoutable(list.Where(static entry => entry.Set == 1), Server(name).Uri) == names.Contains(name)));
        await Both.CountedAsync(names.Count);
    }

    /// <summary>All six are there, and nothing is wished of them.</summary>
    public async Task CalmAsync()
    {
        foreach (var prefix in new[] { Both.Fleet.Keys.Rollouts, Both.Fleet.Keys.Splits, Both.Fleet.Keys.Intents })
        {
            await Both.Fleet.Etcd.AdministerAsync("del", "--prefix", prefix);
        }

        await AnnounceAsync(Names);
        Assert.That(async () => await Task.WhenAll(Kamailios.Select(static kamailio => ListedMap.OfAsync(kamailio))), Is.All.Null.After((int)Fleet.Deadline.TotalMilliseconds, 50));
    }

    /// <summary>
    /// Starts a canary to v2 which goes on when it is told so.
    /// </summary>
    /// <returns>It, and a way to have it go on after a step.</returns>
    public (ServerProcess Runner, Action<int> GoOn) Canary(string steps)
    {
        var go = _folder.File($"go-{Guid.NewGuid():N}-");
        var runner = Both.Fleet.Start(
        [
            "rollout", "canary", "1", "--label", "version", "--to", "v2", "--steps", steps, "--interval", "0s", "--gate-timeout", "10m",
            "--gate", $"while [ ! -e {go}$KAMRPC_STEP ]; do sleep 0.1; done", "--etcd", Both.Fleet.Etcd.Endpoint,
        ]);
        return (runner, step => File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"{go}{step}"), string.Empty));
    }

    /// <summary>Starts a rolling restart whose command ends for a server when that is told to be back.</summary>
    /// <returns>It, and a way to tell that.</returns>
    public (ServerProcess Runner, Action<string> Back) Rolling(int batch)
    {
        var back = _folder.File($"back-{Guid.NewGuid():N}-");
        var runner = Both.Fleet.Start(
        [
            "rollout", "rolling", "1", "--batch", batch.ToString(CultureInfo.InvariantCulture), "--exec", $"while [ ! -e {back}$KAMRPC_NAME ]; do sleep 0.1; done", "--etcd", Both.Fleet.Etcd.Endpoint,
        ]);
        return (runner, name => File.WriteAllText(back + name, string.Empty));
    }

    /// <summary>Tells how many calls are up on servers, as their announcers do who can count them, until it is cancelled.</summary>
    public async Task CountCallsAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var name in names)
            {
                var put = new PutRequest
                {
                    Key = ByteString.CopyFromUtf8(Both.Fleet.Keys.CallCount(new MemberKey(1, name))),
                    Value = ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $$"""{"calls":{{Server(name).Up}},"at":"{{DateTimeOffset.UtcNow:O}}"}""")),
                };
                await Both.Fleet.Store.Keys.PutAsync(put, cancellationToken: CancellationToken.None);
            }

            await Task.Delay(BetweenCounts, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(_both);
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task BeginAsync()
    {
        for (var number = 0; number < All; number++)
        {
            _servers.Add(await SipServer.StartAsync());
            _servers[^1].OnCall = Ledger.Of(_servers[^1].Uri);
        }

        _both = await TwoProxies.StartAsync(new KamailioOptions());
    }
}
