using KamailioRpc.Connections;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests;

/// <summary>A writer that does not come back, told from slow replies.</summary>
public class WriterWatchTests
{
    private static readonly KamailioAddress Datagram = KamailioAddress.Parse(KamailioAddress.Default);

    private readonly FakeTimeProvider _time = new();
    private WriterWatch _watch = null!;

    [SetUp]
    public void SetUp() => _watch = new WriterWatch(Datagram, _time);

    [Test]
    public void Nothing_is_unanswered_at_first_nor_after_an_answer()
    {
        Assert.That(_watch.Unanswered, Is.Null);

        TimeOut("core.echo");
        _watch.Answered("core.uptime", _time.GetTimestamp());

        Assert.That(_watch.Unanswered, Is.Null);
    }

    [Test]
    public void Two_short_calls_behind_a_change_are_a_stuck_writer()
    {
        TimeOut("dispatcher.add");
        Assert.That(_watch.Unanswered, Is.EqualTo(new Unanswered("dispatcher.add", "dispatcher.add", TimeSpan.FromSeconds(1), 1, IsWriterStuck: false)));

        TimeOut("core.uptime");
        Assert.That(_watch.Unanswered!.IsWriterStuck, Is.False);

        TimeOut("core.echo");
        Assert.That(_watch.Unanswered, Is.EqualTo(new Unanswered("dispatcher.add", "dispatcher.add", TimeSpan.FromSeconds(3), 3, IsWriterStuck: true)));
    }

    [Test]
    public void Calls_alone_are_none_however_many()
    {
        for (var call = 0; call < 10; call++)
        {
            TimeOut("core.echo");
        }

        Assert.That(_watch.Unanswered, Is.EqualTo(new Unanswered("core.echo", null, TimeSpan.FromSeconds(10), 10, IsWriterStuck: false)));
    }

    [Test]
    public void A_list_too_long_for_a_datagram_proves_nothing()
    {
        TimeOut("dispatcher.add");
        TimeOut("dispatcher.list");
        TimeOut("dispatcher.list");

        Assert.That(_watch.Unanswered!.IsWriterStuck, Is.False);
    }

    [Test]
    public void An_answer_to_what_was_sent_before_is_none_of_it()
    {
        var before = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        TimeOut("dispatcher.remove");

        _watch.Answered("core.echo", before);

        Assert.That(_watch.Unanswered, Is.Not.Null);
    }

    [Test]
    public void Where_several_processes_answer_only_a_change_tells_of_the_writer()
    {
        _watch = new WriterWatch(KamailioAddress.Parse("http://127.0.0.1/RPC"), _time);
        TimeOut("dispatcher.add");
        _watch.Answered("core.echo", _time.GetTimestamp());
        TimeOut("dispatcher.add");
        TimeOut("dispatcher.remove");
        Assert.That(_watch.Unanswered!.IsWriterStuck, Is.True);

        _watch.Answered("dispatcher.add", _time.GetTimestamp());
        Assert.That(_watch.Unanswered, Is.Null);
    }

    [Test]
    public void With_Kamailio_goes_what_it_had_not_answered()
    {
        TimeOut("dispatcher.add");
        _watch.Gone();

        Assert.That(_watch.Unanswered, Is.Null);
    }

    private void TimeOut(string method)
    {
        var sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        _watch.TimedOut(method, sent);
    }
}
