using System.Diagnostics;
using System.Text.Json;
using KamailioRpc;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>
/// A dispatcher whose cycle does not end, while all else of it goes on: its report is written as before, its key is kept alive, Kamailio is asked ten
/// times a second whether its list was wiped. <c>kamrpc status</c> says that it hangs.
/// </summary>
[Parallelizable]
public sealed class HangingDispatcherTests
{
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(15);

    [Test]
    public async Task Its_report_is_fresh_and_status_finds_that_it_hangs_within_fifteen_seconds()
    {
        RealServers.Require("etcd", "etcdctl");
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = FakeKamailio.Start();
        using var folder = new TemporaryFolder();
        using var service = new BlockingService();
        using var stop = new CancellationTokenSource();
        var options = new DispatcherOptions(new EtcdOptions(Fleet.Endpoints(etcd)), "default", KamailioAddress.Parse(kamailio.Address), "p1")
        {
            Rpc = new RpcClientOptions { ReplyDirectory = folder.File("replies") },
            StateDirectory = folder.File("state"),
        };
        var daemon = new DispatcherDaemon(options, service, TimeProvider.System, NullLoggerFactory.Instance);
        var running = Task.Run(() => daemon.RunAsync(stop.Token));
        try
        {
            await etcd.PutAsync("/kamrpc/default/members/1/box", """{"uri":"sip:127.0.0.1:7001"}""");
            await FindAsync(etcd, static codes => codes.Length == 0, Fleet.Deadline);

            service.Block();
            await service.Blocked;
            var begun = Stopwatch.GetTimestamp();
            var asked = kamailio.Requests.Count;
            await FindAsync(etcd, static codes => codes is ["dispatcher-hangs"], InTime);
            await TestContext.Out.WriteLineAsync($"found {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s after it began to hang");
            Assert.That(kamailio.Requests, Has.Count.GreaterThan(asked + 10), "the loop beside it goes on");
            using var store = new EtcdConnection(Fleet.Endpoints(etcd), TimeProvider.System);
            Assert.That(DateTimeOffset.UtcNow - (await new Reports(store).ReadAsync())!.Value.Status.WrittenAt, Is.LessThan(TimeSpan.FromSeconds(12)), "and so does the report");

            service.Release();
            await FindAsync(etcd, static codes => codes.Length == 0, Fleet.Deadline);
        }
        finally
        {
            service.Release();
            await stop.CancelAsync();
            await running;
        }
    }

    private static async Task FindAsync(EtcdServer etcd, Func<string[], bool> isWanted, TimeSpan inTime)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var looked = Stopwatch.GetElapsedTime(begun);
            var (exitCode, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--etcd", etcd.Endpoint);
            string[] codes = [.. JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString()!)];
            if (isWanted(codes))
            {
                Assert.That(exitCode, Is.EqualTo(codes.Length == 0 ? 0 : 1), errors);
                return;
            }

            Assert.That(looked, Is.LessThan(inTime), output);
        }
    }

    /// <summary>Whoever is told what the dispatcher is at does not return, as a standard error that nobody reads might not.</summary>
    private sealed class BlockingService : IServiceState, IDisposable
    {
        private readonly ManualResetEventSlim _open = new(initialState: true);
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Blocked => _blocked.Task;

        public void Block() => _open.Reset();

        public void Release() => _open.Set();

        public void Ready()
        {
        }

        public void Stopping()
        {
        }

        public void Status(string text)
        {
            if (!_open.IsSet)
            {
                _blocked.TrySetResult();
                _open.Wait();
            }
        }

        public void Dispose() => _open.Dispose();
    }
}
