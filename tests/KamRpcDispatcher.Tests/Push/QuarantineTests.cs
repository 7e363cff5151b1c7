using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class QuarantineTests
{
    private static readonly AddDestination Add = new(1, "sip:10.0.0.1", 8, 7, "duid=a");

    private readonly FakeTimeProvider _time = new();

    [Test]
    public void A_refused_destination_waits_twice_as_long_each_time_up_to_five_minutes()
    {
        var quarantine = new Quarantine(_time);
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 12; i++)
        {
            var wait = quarantine.Refuse(Add, "no");
            waits.Add(wait);
            Assert.That(quarantine.Holds(Add));
            _time.Advance(wait);
            Assert.That(quarantine.Holds(Add), Is.False);
        }

        Assert.That(waits.Take(4).Select(static wait => wait.TotalSeconds), Is.EqualTo(new[] { 1.0, 2.0, 4.0, 8.0 }));
        Assert.That(waits[^1], Is.EqualTo(TimeSpan.FromMinutes(5)));
    }

    [TestCase(600)]
    [TestCase(-600)]
    public void A_clock_that_is_set_neither_ends_the_wait_nor_lengthens_it(int seconds)
    {
        var time = new JumpingTime();
        var quarantine = new Quarantine(time);
        var wait = quarantine.Refuse(Add, "no");
        time.Jump = TimeSpan.FromSeconds(seconds);
        Assert.That(quarantine.Holds(Add));

        time.Advance(wait);
        Assert.That(quarantine.Holds(Add), Is.False);
        Assert.That(quarantine.Refuse(Add, "no"), Is.EqualTo(2 * wait), "not forgotten");
    }

    [Test]
    public void Another_URI_or_other_attributes_are_tried_at_once()
    {
        var quarantine = new Quarantine(_time);
        quarantine.Refuse(Add, "no");

        Assert.Multiple(() =>
        {
            Assert.That(quarantine.Holds(Add with { Priority = 8 }), "the same destination in another place");
            Assert.That(quarantine.Holds(Add with { Uri = "sip:10.0.0.2" }), Is.False);
            Assert.That(quarantine.Holds(Add with { Attributes = "duid=a;socket=udp:10.0.0.9" }), Is.False);
        });
    }

    [Test]
    public void A_destination_that_is_listed_starts_over()
    {
        var quarantine = new Quarantine(_time);
        quarantine.Refuse(Add, "no");
        quarantine.Refuse(Add, "no");
        quarantine.Release(Add);

        Assert.That(quarantine.Holds(Add), Is.False);
        Assert.That(quarantine.Refuse(Add, "no"), Is.EqualTo(TimeSpan.FromSeconds(1)));
    }
}
