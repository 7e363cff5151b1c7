using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>A rolling restart looks at the rights that it will need before it drains anybody.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RollingRightsTests : IAsyncDisposable
{
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","countsCalls":true}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2","countsCalls":true}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [TestCase("calls/", "its role in etcd needs read on the prefix /kamrpc/default/calls/, where the calls of drained members are counted (etcdctl role grant-permission ROLE read --prefix=true /kamrpc/default/calls/), or give --drain-time, after which it goes on without counts")]
    [TestCase("intents/", "its role in etcd needs readwrite on the prefix /kamrpc/default/intents/, where members are drained (etcdctl role grant-permission ROLE readwrite --prefix=true /kamrpc/default/intents/)")]
    [TestCase("history/", "etcd does not let the history be written, and nothing is changed without its entry there: its role needs readwrite on the prefix /kamrpc/default/history/ (etcdctl role grant-permission ROLE readwrite --prefix=true /kamrpc/default/history/)")]
    public async Task One_that_is_missing_is_named_and_nobody_is_drained(string denied, string reason)
    {
        Deny("/kamrpc/default/" + denied);

        var (exitCode, _, errors) = await Kamrpc.RunAsync(["rollout", "rolling", "1", "--exec", "true", "--etcd", _etcd.Endpoint]);

        Assert.That((exitCode, errors), Is.EqualTo((4, $"kamrpc: refused: {reason}\nkamrpc: nothing was written\n")));
        Assert.That((_etcd.Model.Value("/kamrpc/default/rollouts/1"), _etcd.Model.Value("/kamrpc/default/intents/1/a")), Is.EqualTo(((string?)null, (string?)null)));
    }

    private void Deny(string prefix) => _etcd.Before = (request, _) => KeysOf(request).Any(key => key.ToStringUtf8().StartsWith(prefix, StringComparison.Ordinal))
        ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
        : Task.CompletedTask;

    /// <summary>What is written, and what is read of the counts.</summary>
    private static IEnumerable<ByteString> KeysOf(IMessage request) => request switch
    {
        TxnRequest transaction => transaction.Success.Select(static operation => operation.RequestPut?.Key).OfType<ByteString>(),
        RangeRequest range when range.Key.ToStringUtf8().Contains("/calls/", StringComparison.Ordinal) => [range.Key],
        _ => [],
    };
}
