using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

public class AsteriskStateTests
{
    [Test]
    public void Of_one_that_comes_and_goes_each_second_all_is_told_and_some_of_it_logged()
    {
        var (clock, log, notices) = (new FakeTimeProvider(), new LogCapture<AsteriskMonitor>(), new List<AsteriskNotice>());
        var state = new AsteriskState(AmiAddress.Default, FakeAmiAccess.Credentials, notices.Add, clock, log);
        for (var second = 0; second < 59; second++)
        {
            state.Connected();
            state.Unreachable("it has closed the connection");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(notices, Has.Count.EqualTo(118));
        Assert.That((log.Of(1200).Count, log.Of(1203).Count), Is.EqualTo((LogLimit.Most, LogLimit.Most)));
    }
}
