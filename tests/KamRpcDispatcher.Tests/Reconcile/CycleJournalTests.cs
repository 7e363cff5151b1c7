using KamailioRpc.Commands;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Reconcile;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Reconcile;

public class CycleJournalTests
{
    private const int UnknownVersion = 3014;

    [TestCase("kamailio 5.4.0 (x86_64/linux)", 0)]
    [TestCase("kamailio 6.1.5 (x86_64/linux)", 0)]
    [TestCase("kamailio 6.2.0 (x86_64/linux)", 1)]
    [TestCase("something else", 1)]
    public void A_release_newer_than_any_known_is_said_once_a_life(string version, int warnings)
    {
        var log = new LogCapture<CycleJournal>();
        var journal = new CycleJournal(new FakeReport(), new Quarantine(TimeProvider.System), static () => default, TimeProvider.System, log);
        var table = new DispatcherTable(KamailioVersion.Read(version), new KamailioLife("then", string.Empty), []);

        journal.Planned(new Membership(1, [], []), table, new ChangePlan());
        journal.WaitingForStore();
        journal.Planned(new Membership(2, [], []), table, new ChangePlan());
        Assert.That(log.Of(UnknownVersion), Has.Count.EqualTo(warnings));

        journal.Planned(new Membership(2, [], []), table with { Life = new KamailioLife("now", string.Empty) }, new ChangePlan());
        Assert.That(log.Of(UnknownVersion), Has.Count.EqualTo(2 * warnings));
    }
}
