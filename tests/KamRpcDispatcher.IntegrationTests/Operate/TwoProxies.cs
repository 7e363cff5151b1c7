using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>A fleet with a second Kamailio, which has a dispatcher of its own: p2.</summary>
internal sealed class TwoProxies : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private TwoProxies(Fleet fleet, KamailioServer second) => (Fleet, Second) = (fleet, second);

    public Fleet Fleet { get; }

    public KamailioServer Second { get; }

    public ServerProcess SecondDispatcher { get; private set; } = null!;

    public IReadOnlyList<KamailioServer> Kamailios => [Fleet.Kamailio, Second];

    /// <summary>Whose Kamailios find nobody dead.</summary>
    public static Task<TwoProxies> StartAsync(params string[] dispatchOptions) => StartAsync(KamailioOptions.WithLatePings, dispatchOptions);

    /// <param name="options">Of both Kamailios.</param>
    /// <param name="dispatchOptions">Of the first dispatcher.</param>
    public static async Task<TwoProxies> StartAsync(KamailioOptions options, params string[] dispatchOptions)
    {
        var fleet = await Fleet.StartAsync(options, dispatchOptions);
        return await ServerLife.StartOrDisposeAsync(new TwoProxies(fleet, await KamailioServer.StartAsync(options)), static both =>
        {
            both.SecondDispatcher = both.Fleet.Start(
            [
                "dispatch", "--etcd", both.Fleet.Etcd.Endpoint, "--kamailio", both.Second.RpcAddress, "--proxy", "p2", "--reply-dir", both._folder.File("r"),
                "--state-dir", both._folder.File("state"), "--removal-delay", "0s",
            ]);
            return both.SecondDispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        });
    }

    /// <summary>Runs kamrpc with this etcd.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(TimeSpan.FromMinutes(1), [.. arguments, "--etcd", Fleet.Etcd.Endpoint]);

    /// <summary>The same, where it has to end with 0.</summary>
    public async Task<string> DoneAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);
        Assert.That(exitCode, Is.Zero, $"{string.Join(' ', arguments)}:\n{output}{errors}");
        return output;
    }

    /// <summary>Writes members of set 1, and waits until both lists have them and both reports count them.</summary>
    public async Task AnnounceAsync(params (string Name, string Uri)[] members)
    {
        foreach (var (name, uri) in members)
        {
            await Fleet.PutUriAsync("1/" + name, uri);
        }

        await InBothAsync(list => members.All(member => Fleet.IsRoutable(list, member.Uri)));
        await CountedAsync(members.Length);
    }

    /// <summary>Waits until both reports count so many members of set 1 who get calls.</summary>
    public async Task CountedAsync(int serving)
    {
        foreach (var proxy in new[] { "p1", "p2" })
        {
            await new Reports(Fleet.Store, proxy).WaitAsync(status => status.Sets.TryGetValue(1, out var set) && set.Serving == serving);
        }
    }

    /// <summary>Whether both lists are so now, at a look each.</summary>
    public async Task<bool> AreBothAsync(Func<IReadOnlyList<FakeDestination>, bool> condition) => condition(await Fleet.Kamailio.ListAsync()) && condition(await Second.ListAsync());

    /// <summary>Waits until both lists are so.</summary>
    public async Task InBothAsync(Func<IReadOnlyList<FakeDestination>, bool> condition)
    {
        foreach (var kamailio in Kamailios)
        {
            for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(5))
            {
                var list = await kamailio.ListAsync();
                if (condition(list))
                {
                    break;
                }

                Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), string.Join('\n', list));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await Second.DisposeAsync();
        _folder.Dispose();
    }
}
