using System.Globalization;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Pruning;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>The history in a store: each change has its entry, in the same transaction, and there are never too many for long; and what is pruned is what nobody needs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class HistoryStoreTests : IAsyncDisposable
{
    private const string Root = "/kamrpc/c/";
    private static readonly EtcdKeys Keys = new("c");

    private readonly FakeTimeProvider _time = new(Now);
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private HistoryStore _history = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        _history = new HistoryStore(_store, Keys, _time);
        _etcd.Model.Put(Root + "members/1/a", """{"uri":"sip:10.0.0.1"}""", lease: 7);
        _etcd.Model.Put(Root + "members/1/b", """{"uri":"sip:10.0.0.2"}""", lease: 7);
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task A_change_is_written_with_its_entry_and_what_changes_nothing_has_none()
    {
        var drained = await WriteAsync(IntentWish.Drain, "a");
        Assert.That(drained.Revision, Is.EqualTo(_etcd.Model.Header.Revision), "one transaction");
        await WriteAsync(IntentWish.Drain, "a");
        await WriteAsync(IntentWish.Resume, "a");

        var view = await _history.ReadAsync(CancellationToken.None);
        Assert.That(view.Entries.Select(static entry => (entry.Entry.What, entry.Entry.From, entry.Entry.To)), Is.EqualTo(new[] { ("resume", "drained", "as announced"), ("drain", "ready", "drained") }), "the newest first");
        var first = view.Entries[1];
        Assert.That((first.Revision, first.Entry.At, first.Entry.By, first.Entry.Reason), Is.EqualTo((drained.Revision!.Value, Now, "ops@host", "kernel update")));
        Assert.That((first.Entry.Sets, first.Entry.Subjects), Is.EqualTo((new[] { 1 }, new[] { "a" })));
    }

    [Test]
    public async Task When_the_proxies_had_it_is_added_and_what_is_not_ours_any_more_is_left()
    {
        var drained = await WriteAsync(IntentWish.Drain, "a");
        var sent = drained.Recorded.Single().SentAt;
        var state = new AppliedState([new("p1", [1], null) { AppliedAt = sent + _time.TimestampFrequency }, new("p2", [1], "does not answer")], []);
        var applied = new AppliedHistory(_history, _time);

        await applied.NoteAsync(drained.Recorded, state);

        var (revision, entry) = (await _history.ReadAsync(CancellationToken.None)).Entries.Single();
        Assert.That(revision, Is.EqualTo(drained.Revision), "that of the change");
        Assert.That(entry.Acknowledged, Is.EqualTo(new[] { new ProxyTime("p1", TimeSpan.FromSeconds(1)) }));
        Assert.That(entry.Missing, Is.EqualTo(new[] { "p2" }));

        _etcd.Model.Put(drained.Recorded.Single().Key, "somebody else's");
        await applied.NoteAsync(drained.Recorded, state);
        Assert.That(_etcd.Model.Value(drained.Recorded.Single().Key), Is.EqualTo("somebody else's"));
        Assert.That((await _history.ReadAsync(CancellationToken.None)).Rejected.Single().Reason, Does.StartWith("the value is not JSON"));
    }

    [Test]
    public async Task Of_too_many_entries_the_oldest_go_some_at_a_time()
    {
        for (var number = 0; number < HistoryStore.MostEntries + 70; number++)
        {
            _etcd.Model.Put(string.Create(CultureInfo.InvariantCulture, $"{Root}history/{(number * 7) % 1000:0000}"), $$"""{"at":"2026-01-31T12:00:00Z","by":"x","what":"{{number}}"}""");
        }

        await _history.TrimAsync(CancellationToken.None);
        Assert.That(await KeptAsync(), Is.EqualTo((HistoryStore.MostEntries + 70 - HistoryStore.MostDeleted, "64")));
        await _history.TrimAsync(CancellationToken.None);
        await _history.TrimAsync(CancellationToken.None);
        Assert.That(await KeptAsync(), Is.EqualTo((HistoryStore.MostEntries, "70")));

        async Task<(int Count, string Oldest)> KeptAsync()
        {
            var entries = (await _history.ReadAsync(CancellationToken.None)).Entries;
            return (entries.Count, entries[^1].Entry.What);
        }
    }

    [Test]
    public async Task Pruned_is_what_is_old_and_of_nobody_and_only_as_it_was_seen()
    {
        PutIntent("1/a", days: 9);
        PutIntent("1/gone", days: 2);
        PutIntent("1/restarting", days: 0);
        _etcd.Model.Put(Root + "intents/1/by-hand", """{"drain":true}""");
        _etcd.Model.Put(Root + "splits/9", """{"label":"v","shares":{"1":50,"2":50},"by":"x","at":"2026-01-01T00:00:00Z"}""");
        _etcd.Model.Put(Root + "splits/1", """{"label":"v","shares":{"1":50,"2":50},"by":"x","at":"2026-01-01T00:00:00Z"}""");
        _etcd.Model.Put(Root + "classes/9", """{"v1":1000001}""");
        _etcd.Model.Put(Root + "classes/8", """{"v1":1000002}""");
        _etcd.Model.Put(Root + "proxies/p1", """{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{"8":{"destinations":1,"routable":0}}}""", lease: 7);
        _etcd.Model.Put(Root + "calls/1/gone", """{"calls":2,"at":"2026-01-01T00:00:00Z"}""");
        var pruner = new Pruner(_store, Keys, _time);
        var command = new PruneCommand(TimeSpan.FromHours(24), "ops@host");

        var orphans = await pruner.FindAsync(command, CancellationToken.None);
        Assert.That(orphans.Select(static orphan => $"{orphan.Kind} {orphan.Set}/{orphan.Name} {orphan.Kept?.Split(':')[0]}"), Is.EqualTo(new[]
        {
            "Intent 1/by-hand it does not say how old it is", "Intent 1/gone ", "Intent 1/restarting it is younger than --older-than", "Split 9/ ", "Classes 8/ proxy p1 may have destinations in the set", "Classes 9/ ", "Calls 1/gone ",
        }));

        // It comes back between the look and the deletion.
        _etcd.Model.Put(Root + "members/9/x", """{"uri":"sip:10.0.0.9"}""", lease: 7);
        var outcome = await pruner.DeleteAsync(command, orphans, CancellationToken.None);
        Assert.That((outcome.Result, outcome.Deleted.Count, _etcd.Model.Value(Root + "intents/1/gone")), Is.EqualTo((IntentResult.KeepsChanging, 0, """{"drain":true,"by":"x","at":"2026-01-29T12:00:00Z"}""")));

        outcome = await pruner.DeleteAsync(command, await pruner.FindAsync(command, CancellationToken.None), CancellationToken.None);
        Assert.That((outcome.Result, outcome.Deleted.Count), Is.EqualTo((IntentResult.Written, 2)), string.Join('\n', outcome.Reasons));
        Assert.That(new[] { "intents/1/gone", "calls/1/gone" }.Select(key => _etcd.Model.Value(Root + key)), Has.All.Null);
        Assert.That(new[] { "intents/1/a", "intents/1/restarting", "intents/1/by-hand", "splits/9", "splits/1", "classes/8", "classes/9" }.Select(key => _etcd.Model.Value(Root + key)), Has.None.Null);
        var (revision, entry) = (await _history.ReadAsync(CancellationToken.None)).Entries.Single();
        Assert.That((revision, entry.What, entry.From), Is.EqualTo((outcome.Revision, "prune", "1 intent, 1 count of calls")));
    }

    private void PutIntent(string member, int days) => _etcd.Model.Put(Root + "intents/" + member, $$"""{"drain":true,"by":"x","at":"{{Now.AddDays(-days):yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");

    private Task<IntentOutcome> WriteAsync(IntentWish wish, string name) =>
        new IntentWriter(_store, Keys, _time).WriteAsync(new IntentCommand(wish, new MemberSelection { Names = [name] }, "ops@host") { Reason = "kernel update" }, CancellationToken.None);
}
