using KamRpcDispatcher.Destinations;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

/// <summary>The shares that Kamailio really deals out.</summary>
internal sealed class WeightSharesTests
{
    private const WeightedAlgorithm Nine = WeightedAlgorithm.Percentages;
    private const WeightedAlgorithm Eleven = WeightedAlgorithm.Relative;

    [TestCase(60, 1, 41)]
    [TestCase(30, 3, 13)]
    [TestCase(3, 33, 34)]
    [TestCase(100, 1, 1)]
    [TestCase(101, 0, 100)]
    [TestCase(1, 100, 100)]
    public void Of_equal_members_under_algorithm_11_the_last_one_takes_the_rest(int count, int each, int last)
    {
        var shares = WeightShares.TrueShares(Eleven, [.. Enumerable.Repeat((50, true), count)]);

        Assert.That(shares.SkipLast(1).Select(static share => share.True), Is.All.EqualTo(each));
        Assert.That(shares[^1].True, Is.EqualTo(last));
        Assert.That(shares[^1].Wanted, Is.EqualTo(100.0 / count).Within(1e-9));
    }

    [TestCase(60, 1)]
    [TestCase(30, 1)]
    [TestCase(101, 101)]
    [TestCase(3, 0)]
    public void Who_gets_half_as_much_again_or_less_than_half_is_far_off(int count, int farOff) => Assert.That(
        WeightShares.TrueShares(Eleven, [.. Enumerable.Repeat((1, true), count)]).Count(static share => share.IsFarOff), Is.EqualTo(farOff));

    [Test]
    public void The_inactive_ones_are_left_out_under_11_and_the_rest_goes_to_the_last_with_a_slot()
    {
        Assert.That(True(Eleven, (10, true), (10, false), (10, true), (10, true), (10, false)), Is.EqualTo(new[] { 33, 0, 33, 34, 0 }));
        Assert.That(True(Eleven, (100, true), (100, true), (1, true)), Is.EqualTo(new[] { 49, 51, 0 }), "1 of 201 is no slot");
    }

    [Test]
    public void Without_weights_the_first_takes_all_or_the_next_that_is_routable()
    {
        Assert.That(True(Eleven, (0, true), (0, true)), Is.EqualTo(new[] { 100, 0 }));
        Assert.That(True(Eleven, (0, false), (0, true)), Is.EqualTo(new[] { 0, 100 }));
        Assert.That(True(Nine, (0, true), (50, true)), Is.EqualTo(new[] { 100, 0 }), "the first one's weight decides");
        Assert.That(True(Nine, (101, true), (50, true)), Is.EqualTo(new[] { 100, 0 }), "out of range is none");
    }

    [Test]
    public void Percentages_beyond_100_get_nothing_and_what_is_missing_goes_to_the_last()
    {
        Assert.That(True(Nine, (50, true), (30, true), (20, true)), Is.EqualTo(new[] { 50, 30, 20 }));
        Assert.That(True(Nine, (40, true), (40, true)), Is.EqualTo(new[] { 40, 60 }));
        Assert.That(True(Nine, (60, true), (60, true), (60, true)), Is.EqualTo(new[] { 60, 40, 0 }));
    }

    [Test]
    public void Under_9_the_share_of_an_inactive_one_goes_to_the_next()
    {
        Assert.That(True(Nine, (50, false), (30, true), (20, true)), Is.EqualTo(new[] { 0, 80, 20 }));
        Assert.That(True(Nine, (50, true), (30, true), (20, false)), Is.EqualTo(new[] { 70, 30, 0 }));
        Assert.That(True(Nine, (50, false), (50, false)), Is.EqualTo(new[] { 0, 0 }), "nobody is routable");
    }

    [Test]
    public void Weights_are_read_from_the_attributes_of_a_list()
    {
        ListedDestination[] set =
        [
            new(1, "sip:10.0.0.1", ListedState.Active, Probing: true, 0, "duid=a;kamrpc=default;weight=20;rweight=1"),
            new(1, "sip:10.0.0.2", ListedState.Active, Probing: true, 0, "weight=80;rweight=x"),
        ];

        Assert.That(WeightShares.TrueShares(Nine, set).Select(static share => share.True), Is.EqualTo(new[] { 20, 80 }));
        Assert.That(WeightShares.TrueShares(Eleven, set).Select(static share => share.True), Is.EqualTo(new[] { 100, 0 }));
        Assert.That(WeightShares.TrueShares(Eleven, Array.Empty<ListedDestination>()), Is.Empty);
    }

    private static IEnumerable<int> True(WeightedAlgorithm algorithm, params (int Weight, bool IsRoutable)[] set) =>
        WeightShares.TrueShares(algorithm, set).Select(static share => share.True);
}
