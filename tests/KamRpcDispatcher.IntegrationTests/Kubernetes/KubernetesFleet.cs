using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Kubernetes;

/// <summary>A server of Kubernetes' API, a real Kamailio with the snippet, and a <c>kamrpc dispatch</c> that follows the Service <c>voice/asterisk</c> into set 1. No etcd.</summary>
internal sealed class KubernetesFleet : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private KubernetesFleet(ApiServer api, KamailioServer kamailio)
    {
        Api = api;
        Kamailio = kamailio;
    }

    public ApiServer Api { get; }

    public KamailioServer Kamailio { get; }

    public ServerProcess Dispatcher { get; private set; } = null!;

    /// <param name="prepare">What is there before the dispatcher starts.</param>
    /// <param name="more">Its options.</param>
    public static async Task<KubernetesFleet> StartAsync(Action<SliceStore>? prepare = null, params string[] more)
    {
        RealServers.Require("kamailio", "sipp");
        var fleet = new KubernetesFleet(await ApiServer.StartAsync(), await KamailioServer.StartAsync(KamailioOptions.WithLatePings));
        return await ServerLife.StartOrDisposeAsync(fleet, started =>
        {
            prepare?.Invoke(started.Api.Store);
            started.StartDispatcher(more);
            return started.Dispatcher.WaitForLineAsync("In step with", Fleet.Deadline);
        });
    }

    public void StartDispatcher(params string[] more)
    {
        string[] command =
        [
            .. KamrpcProgram.Command, "dispatch", "--source", "kubernetes:voice/asterisk=1", "--kubeconfig", Api.WriteKubeConfig(), "--kamailio", Kamailio.RpcAddress, "--proxy", "p1",
            "--reply-dir", _folder.File("r"), "--state-dir", _folder.File("state"), "--metrics", "none", .. more.Contains("--removal-delay") ? Array.Empty<string>() : ["--removal-delay", "0s"], .. more,
        ];
        Dispatcher = ServerProcess.Start(command[0], command[1..]);
    }

    /// <summary>Writes a slice; answers the moment of it.</summary>
    public long Put(string slice, params IEnumerable<System.Text.Json.Nodes.JsonObject> endpoints)
    {
        Api.Store.Put(SliceText.Slice("asterisk", slice, endpoints));
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Reads Kamailio's list over and over until it is as wanted; answers when it was.</summary>
    public async Task<long> WaitForListAsync(Func<IReadOnlyList<FakeDestination>, bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var list = await Kamailio.ListAsync();
            if (condition(list))
            {
                return Stopwatch.GetTimestamp();
            }

            if (Stopwatch.GetElapsedTime(begun) > Fleet.Deadline)
            {
                throw new TimeoutException($"The list is not as wanted:\n{string.Join('\n', list)}\n{Dispatcher.Output}");
            }

            // Lets others have the processor: the machine is small, and Kamailio answers one call at a time.
            await Task.Delay(1);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(Dispatcher);
        await Kamailio.DisposeAsync();
        await Api.DisposeAsync();
        _folder.Dispose();
    }
}
