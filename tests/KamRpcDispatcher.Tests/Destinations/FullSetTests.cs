using KamRpcDispatcher.Destinations;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

/// <summary>When algorithm 10 has nobody for another call.</summary>
public class FullSetTests
{
    [Test]
    public void A_set_is_full_when_each_routable_destination_has_as_many_calls_as_it_takes()
    {
        Assert.That(FullSet.Of([(true, 10, 10), (true, 21, 20)]), Is.EqualTo(new FullSet(31, 30)));
        Assert.That(FullSet.Of([(true, 10, 10), (false, 0, 10), (false, 0, 0)]), Is.EqualTo(new FullSet(10, 10)), "who gets no calls anyway has no room");
        Assert.That(FullSet.Of([(true, int.MaxValue, int.MaxValue), (true, int.MaxValue, int.MaxValue)])?.MaxLoad, Is.EqualTo(2L * int.MaxValue));
        Assert.That(new FullSet(30, 30).ToString(), Is.EqualTo("every routable destination is full (30 of 30 calls)"));
    }

    [Test]
    public void One_with_room_or_without_a_limit_or_nobody_at_all_makes_no_full_set()
    {
        Assert.That(FullSet.Of([(true, 10, 10), (true, 9, 10)]), Is.Null);
        Assert.That(FullSet.Of([(true, 10, 10), (true, 50, 0)]), Is.Null);
        Assert.That(FullSet.Of([(true, 0, 10)]), Is.Null, "with another algorithm no calls are counted");
        Assert.That(FullSet.Of([(false, 10, 10)]), Is.Null, "that is told as no routable destination");
        Assert.That(FullSet.Of([]), Is.Null);
        Assert.That(FullSet.Of([(true, 0, -5)]), Is.Null);
    }
}
