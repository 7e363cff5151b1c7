using System.Text;
using Etcdserverpb;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>A cluster of two members in an etcd that is made up, and who writes intents into it.</summary>
public abstract class IntentWriterFixture : IAsyncDisposable
{
    protected const string Members = "/kamrpc/c/members/";
    protected const string Intents = "/kamrpc/c/intents/";

    private protected List<TxnRequest> Transactions { get; } = [];
    private protected FakeEtcd Etcd { get; private set; } = null!;
    private EtcdConnection _store = null!;
    private protected IntentWriter Writer { get; private set; } = null!;

    /// <summary>Done before a transaction is carried out, by its number.</summary>
    private protected Action<int> Between { get; set; } = static _ => { };

    [SetUp]
    public async Task Start()
    {
        Etcd = await FakeEtcd.StartAsync();
        Etcd.OnTransaction(transaction =>
        {
            Transactions.Add(transaction);
            Between(Transactions.Count);
        });
        Connect(Etcd.Endpoint);
        Announce("1/a", "10.0.0.1");
        Announce("1/b", "10.0.0.2");
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (Etcd?.DisposeAsync() ?? default);
        GC.SuppressFinalize(this);
    }

    private protected static string HistoryOf(TxnRequest transaction) => transaction.Success.Select(static operation => operation.RequestPut).Single(static put => put is not null && put.Key.ToStringUtf8().Contains("/history/", StringComparison.Ordinal)).Value.ToStringUtf8();

    private protected static IntentCommand Drain(params string[] names) => Command(IntentWish.Drain, names);

    private protected static IntentCommand Resume(params string[] names) => Command(IntentWish.Resume, names);

    private protected static IntentCommand Command(IntentWish wish, params string[] names) => new(wish, new MemberSelection { Names = names }, "ops@host");

    private protected void Connect(string endpoints)
    {
        Assert.That(EtcdEndpoints.TryParse(endpoints, out var parsed, out var error), error);
        _store?.Dispose();
        _store = new EtcdConnection(parsed!, TimeProvider.System);
        Writer = new IntentWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now));
    }

    private protected long Announce(string member, string address) => Etcd.Model.Put(Members + member, $"{{\"uri\":\"sip:{address}\"}}", lease: 7);

    private protected Intent Stored(string member) =>
        IntentRecord.TryRead(Key(member), Encoding.UTF8.GetBytes(Etcd.Model.Value(Intents + member)!), out var intent, out var error) ? intent : throw new FormatException(error);
}
