using Etcdserverpb;
using Google.Protobuf;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary><c>kamrpc dispatch</c> over every transport.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class DispatchOverTransportTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private EtcdConnection _store = null!;
    private OpenKamailio _kamailio = null!;

    private static IReadOnlyList<string> Transports => OpenKamailio.Transports;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "kamailio");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
        _store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        _kamailio = await OpenKamailio.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await (_kamailio?.DisposeAsync() ?? default);
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Members_come_and_go(string transport)
    {
        await using var daemon = Start(transport, _kamailio.Address(transport));

        await ComeAndGoAsync(transport, daemon);

        // None of the processes that serve the other transports is taken for one that never rests.
        Assert.That(daemon.Output, Does.Contain("were seen at rest (/proc/PID/syscall)").And.Not.Contain("ObservedGrace[2102]"));
        Assert.That(daemon.Output.Contains("two writers can crash Kamailio", StringComparison.Ordinal), Is.EqualTo(transport is "http" or "https"));
    }

    [Test]
    public async Task The_usual_sockets_are_tried_and_the_one_taken_is_said()
    {
        var directory = Path.GetDirectoryName(_kamailio.Server("jsonrpc+fifo").FifoPath)!;
        await using var daemon = Start("auto", "auto:" + directory);

        await daemon.WaitForLineAsync($"Kamailio was found at jsonrpc+fifo:{directory}/kamailio_rpc.fifo", Deadline);

        await ComeAndGoAsync("auto", daemon);
    }

    private ServerProcess Start(string cluster, string address) => ServerProcess.Start(
        KamrpcProgram.File,
        [
            .. KamrpcProgram.Prefix, "dispatch", "--etcd", _etcd.Endpoint, "--cluster", Cluster(cluster), "--proxy", "p", "--kamailio", address,
            "--kamailio-ca", _kamailio.CertificateFile, "--reply-dir", _folder.File("r"), "--state-dir", _folder.File("state"), "--removal-delay", "0s",
        ]);

    private static string Cluster(string transport) => transport.Replace('+', '-');

    private async Task ComeAndGoAsync(string transport, ServerProcess daemon)
    {
        var set = 50 + Transports.ToList().IndexOf(transport);
        var keys = new EtcdKeys(Cluster(transport));
        foreach (var name in new[] { "a", "b", "c" })
        {
            await _store.Keys.PutAsync(new PutRequest
            {
                Key = ByteString.CopyFromUtf8($"{keys.Members}{set}/{name}"),
                Value = ByteString.CopyFromUtf8($$"""{"uri":"sip:127.0.0.1:507{{name[0] - 'a'}}"}"""),
            });
        }

        await daemon.WaitForLineAsync("3 destinations in 1 sets", Deadline);
        await using var client = _kamailio.Client(transport == "auto" ? "jsonrpc+unix" : transport);
        Assert.That(await UrisAsync(client, set), Is.EquivalentTo(new[] { "sip:127.0.0.1:5070", "sip:127.0.0.1:5071", "sip:127.0.0.1:5072" }));

        await _store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(keys.Members), RangeEnd = ByteString.CopyFromUtf8(keys.Members[..^1] + "0") });
        await daemon.WaitForLineAsync("0 destinations in 0 sets", Deadline);
        Assert.That(await UrisAsync(client, set), Is.Empty);
    }

    private static async Task<IEnumerable<string>> UrisAsync(RpcClient client, int set) =>
        (await client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None)).Where(destination => destination.Set == set).Select(static destination => destination.Uri);
}
