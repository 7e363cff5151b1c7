using System.Collections.Immutable;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Tests.Etcd;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class DispatcherProgressTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly ProxyStatus Status = new(7, default, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(3, 2)).Add(2, new SetStatus(1, 1)));

    [Test]
    public async Task It_is_ready_when_it_is_in_step_and_says_so()
    {
        var service = Substitute.For<IServiceState>();
        var progress = new DispatcherProgress(service, new ObservedTime());
        var telling = progress.TellReadyAsync(CancellationToken.None);
        progress.Planned(Status, new ChangePlan { Disables = [new DisableDestination(1, "sip:a")] }, []);
        service.Received().Status("1 changes to make, 3 of 4 destinations routable");
        Assert.That(telling.IsCompleted, Is.False);

        progress.Planned(Status, new ChangePlan(), [new ProxyTrouble(TroubleKind.Room, default, "x")]);
        await telling.WaitAsync(Deadline);
        service.Received(1).Ready();
        service.Received().Status("In step with revision 7, 3 of 4 destinations routable; room: see kamrpc status");
    }

    [Test]
    public void While_etcd_is_away_that_is_said_first_with_since_when()
    {
        var service = Substitute.For<IServiceState>();
        StoreOutage? outage = null;
        var progress = new DispatcherProgress(service, new ObservedTime(), () => outage);
        outage = new StoreOutage(new DateTimeOffset(2026, 1, 31, 12, 0, 5, TimeSpan.Zero), "no answer\n");
        progress.Planned(Status, new ChangePlan(), []);
        service.Received(1).Status("etcd cannot be followed since 2026-01-31 12:00:05 UTC (no answer\\u000a), going by what it held then. In step with revision 7, 3 of 4 destinations routable");

        outage = null;
        progress.Planned(Status, new ChangePlan(), []);
        service.Received(1).Status("In step with revision 7, 3 of 4 destinations routable");
    }

    [Test]
    public async Task What_waits_for_etcd_is_ready_after_a_while()
    {
        var service = Substitute.For<IServiceState>();
        var time = new ObservedTime();
        var progress = new DispatcherProgress(service, time);
        var telling = progress.TellReadyAsync(CancellationToken.None);
        progress.WaitingForStore();
        await time.WaitForWaitAsync(DispatcherProgress.ReadyPatience);
        service.DidNotReceive().Ready();

        time.Advance(DispatcherProgress.ReadyPatience);
        await telling.WaitAsync(Deadline);
        service.Received(1).Ready();
        service.Received(1).Status(Arg.Is<string>(static text => text.StartsWith("Waiting for the membership from etcd")));
    }
}
