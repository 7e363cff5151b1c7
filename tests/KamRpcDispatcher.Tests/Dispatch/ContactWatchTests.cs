using System.Net.Sockets;
using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ContactWatchTests
{
    private static readonly KamailioAddress Address = KamailioAddress.Parse(KamailioAddress.Default);
    private static readonly KamailioUnreachableException Refused = new(Address, "Connection refused", new SocketException((int)SocketError.ConnectionRefused));

    private readonly JumpingTime _clock = new();
    private readonly ContactWatch _watch;

    public ContactWatchTests() => _watch = new ContactWatch(_clock);

    [Test]
    public void Before_anything_was_asked_nothing_is_known() => Assert.That(_watch.Current, Is.Null);

    [Test]
    public void A_Kamailio_that_never_answered_is_told_with_the_reason_and_since_when()
    {
        var begun = _clock.GetUtcNow();
        Fail(Refused);
        Assert.That(_watch.Current, Is.Null, "it may be about to start");

        _clock.Advance(TimeSpan.FromSeconds(2));
        Fail(Refused);
        Assert.That((_watch.Current!.Answers, _watch.Current.Since), Is.EqualTo((false, begun)));
        Assert.That(_watch.Current.Reason, Does.StartWith($"Kamailio does not listen on {Address}: Connection refused").And.Contain("does Kamailio run?"));
    }

    [Test]
    public void A_reply_that_was_lost_and_a_restart_of_a_second_are_no_outage()
    {
        _watch.Read();
        var before = _watch.Current;
        Fail(Refused);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_watch.Current, Is.EqualTo(before));

        Answer();
        _watch.Read();
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(_watch.Current, Is.EqualTo(before));
    }

    [Test]
    public void A_call_that_does_not_end_is_an_outage_from_when_it_was_made()
    {
        _watch.Read();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(_watch.Current!.Answers, "nobody has asked");

        var asked = _clock.GetUtcNow();
        _watch.Sent();
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(_watch.Current.Answers);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That((_watch.Current.Answers, _watch.Current.Since), Is.EqualTo((false, asked)));
    }

    [Test]
    public void Calls_that_wait_for_their_turn_are_no_outage_while_others_are_answered()
    {
        _watch.Read();
        var waits = _watch.Sent();
        for (var second = 0; second < 10; second++)
        {
            Answer();
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_watch.Current!.Answers);
        _watch.GivenUp(waits);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(_watch.Current.Answers);
    }

    [Test]
    public void A_daemon_that_was_stopped_does_not_take_its_own_pause_for_Kamailios()
    {
        _watch.Read();
        _ = _watch.Current;
        var call = _watch.Sent();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(_watch.Current!.Answers, "whoever wakes has not looked yet whether there is an answer");

        _watch.Failed(call, new KamailioTimeoutException("core.uptime", TimeSpan.FromSeconds(1)));
        Assert.That(_watch.Current.Answers);
        Answer();
        _watch.Read();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_watch.Current.Answers);
    }

    [Test]
    public void It_is_back_when_its_list_was_read_and_the_age_begins_anew()
    {
        _watch.Read();
        Fail(Refused);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(_watch.Current!.Answers, Is.False);

        Answer();
        Assert.That(_watch.Current.Answers, Is.False, "what its list is nobody knows yet");

        _clock.Advance(TimeSpan.FromSeconds(1));
        _watch.Read();
        Assert.That((_watch.Current.Answers, _watch.Current.Since), Is.EqualTo((true, _clock.GetUtcNow())));
    }

    [Test]
    public void One_that_answers_everything_but_its_list_is_an_outage_with_the_reason()
    {
        _watch.Read();
        for (var look = 0; look < 3; look++)
        {
            Answer();
            _watch.NotRead("it is too long");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_watch.Current, Is.EqualTo(new KamailioContact(false, _clock.GetUtcNow().AddSeconds(-3), "it is too long")));
    }

    [Test]
    public void The_reason_is_that_of_now_and_the_beginning_that_of_then()
    {
        _watch.Read();
        var begun = _clock.GetUtcNow();
        Fail(Refused);
        _clock.Advance(TimeSpan.FromSeconds(2));
        _ = _watch.Current;

        Fail(new KamailioUnreachableException(Address, "Permission denied", new SocketException((int)SocketError.AccessDenied)));
        Assert.That(_watch.Current!.Since, Is.EqualTo(begun));
        Assert.That(_watch.Current.Reason, Does.Contain("Permission denied").And.Contain("KAMRPC_SOCKET_USER"));
    }

    [Test]
    public void Whatever_is_called_a_Kamailio_that_does_not_reply_is_one_reason()
    {
        var reasons = new[] { "core.uptime", "htable.get", "dispatcher.list" }.Select(static method => ContactReason.Of(new KamailioTimeoutException(method, TimeSpan.FromSeconds(1)))).Distinct();

        Assert.That(reasons.Single(), Does.StartWith("no reply from Kamailio within 1s"));
    }

    [Test]
    public void A_reason_is_one_line_of_a_bounded_length_whatever_Kamailio_says()
    {
        var reason = ContactReason.Of(new KamailioFaultException("dispatcher.list", 500, new string('\u001b', 5000)));

        Assert.That(reason, Has.Length.LessThanOrEqualTo(400).And.All.InRange(' ', '~'));
    }

    [Test]
    public void When_the_time_of_day_is_set_the_age_stays_right()
    {
        _watch.Read();
        var before = _watch.Current!.Since;
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.That(_watch.Current!.Since, Is.EqualTo(before));

        _clock.Jump = TimeSpan.FromHours(5);
        Assert.That(_clock.GetUtcNow() - _watch.Current!.Since, Is.EqualTo(TimeSpan.FromMinutes(10)));
    }

    private void Answer() => _watch.Answered(_watch.Sent());

    private void Fail(KamailioRpcException exception) => _watch.Failed(_watch.Sent(), exception);
}
