using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>Slots go by weights, and as few as possible change hands.</summary>
public class SlotDealTests
{
    [TestCase(1024, "1,1", "512,512")]
    [TestCase(1024, "1,1,1", "342,341,341", Description = "of equal remainders the first")]
    [TestCase(1024, "950,50", "973,51")]
    [TestCase(1024, "990,10", "1014,10", Description = "1 % is 10 slots")]
    [TestCase(1024, "999,1", "1023,1", Description = "0.1 % is one")]
    [TestCase(1024, "0,1000", "0,1024")]
    [TestCase(1024, "29900,100", "1021,3")]
    [TestCase(1024, "0,0", "0,0")]
    [TestCase(1024, "", "")]
    [TestCase(10, "47,16,16,16,5", "5,2,2,1,0", Description = "quotas 4.7, 1.6, 1.6, 1.6, 0.5")]
    [TestCase(0, "3,1", "0,0")]
    [TestCase(1, "1,2,2", "0,1,0")]
    [TestCase(1024, "8796093022208,8796093022208", "512,512", Description = "10,000 members of the highest weight fit")]
    public void A_whole_is_divided_exactly_by_the_largest_remainder(int whole, string weights, string parts) =>
        Assert.That(SlotDeal.Apportion(whole, [.. Read(weights)]), Is.EqualTo(Read(parts)));

    [Test]
    public void Whatever_the_weights_each_part_is_its_quota_up_or_down_and_none_is_left()
    {
        var random = new Random(2);
        for (var round = 0; round < 2000; round++)
        {
            long[] weights = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(4) == 0 ? 0L : random.Next(1, 1000))];
            var (sum, whole) = (weights.Sum(), random.Next(1025));

            var parts = SlotDeal.Apportion(whole, weights);

            Assert.That(parts.Sum(), Is.EqualTo(sum == 0 ? 0 : whole));
            for (var index = 0; index < parts.Length; index++)
            {
                Assert.That(parts[index], Is.InRange(sum == 0 ? 0 : weights[index] * whole / sum, sum == 0 ? 0 : ((weights[index] * whole) + sum - 1) / sum), string.Join(',', weights));
            }
        }
    }

    [Test]
    public void A_class_that_grows_keeps_what_it_has_and_takes_only_what_it_lacks()
    {
        ShareMap? before = null;
        foreach (var (first, second) in Steps(5, 25, 50, 100))
        {
            var map = SlotDeal.Place([(1, first), (2, second)], before);

            Assert.That((map.CountOf(1), map.CountOf(2)), Is.EqualTo((first, second)));
            if (before is not null)
            {
                Assert.That(Slots(before, 2), Is.SubsetOf(Slots(map, 2)));
                Assert.That(map.DifferenceTo(before), Is.EqualTo(second - before.CountOf(2)));
            }

            before = map;
        }
    }

    [Test]
    public void Going_back_gives_back_what_was_taken()
    {
        var steps = Steps(5, 25, 50, 100, 50, 25, 5, 0);
        var maps = new List<ShareMap>();
        foreach (var (first, second) in steps)
        {
            maps.Add(SlotDeal.Place([(1, first), (2, second)], maps.LastOrDefault()));
        }

        Assert.That(maps[4], Is.EqualTo(maps[2]));
        Assert.That(maps[5], Is.EqualTo(maps[1]));
        Assert.That(maps[6], Is.EqualTo(maps[0]));
        Assert.That(maps[7].Counts, Is.EqualTo(new Dictionary<int, int> { [1] = 1024 }));
    }

    [Test]
    public void Two_classes_have_the_same_map_whatever_was_before()
    {
        var random = new Random(3);
        ShareMap? before = null;
        for (var round = 0; round < 500; round++)
        {
            var first = random.Next(1025);
            (int, int)[] counts = [(17, first), (4, random.Next(1025 - first))];

            before = SlotDeal.Place(counts, before);

            Assert.That(before, Is.EqualTo(SlotDeal.Place(counts, null)));
        }
    }

    [Test]
    public void Whatever_was_before_no_class_loses_more_slots_than_the_difference_asks_for()
    {
        var random = new Random(4);
        var before = ShareMap.Home;
        for (var round = 0; round < 1000; round++)
        {
            int[] numbers = [.. Enumerable.Range(1, 6).Where(_ => random.Next(4) > 0)];
            var parts = SlotDeal.Apportion(random.Next(1025), [.. numbers.Select(_ => (long)random.Next(1, 100))]);
            (int Number, int Slots)[] counts = [.. numbers.Zip(parts)];

            var map = SlotDeal.Place(counts, before);

            var home = ShareMap.Slots - parts.Sum();
            Assert.That(counts.Append((0, home)).Select(count => map.CountOf(count.Item1)), Is.EqualTo(counts.Append((0, home)).Select(static count => count.Item2)));
            Assert.That(
                before.Counts.Keys.Where(static number => number != ShareMap.HomeNumber).Where(number => Slots(before, number).Intersect(Slots(map, number)).Count() != Math.Min(before.CountOf(number), map.CountOf(number))),
                Is.Empty,
                "classes that lost a slot in exchange for another");
            Assert.That(SlotDeal.Place(counts, map), Is.EqualTo(map), "dealt again it is the same");
            before = map;
        }
    }

    [Test]
    public void Few_slots_are_spread_over_the_map()
    {
        var slots = Slots(SlotDeal.Place([(1, 973), (2, 51)], null), 2).Order().ToList();
        var gaps = slots.Zip(slots.Skip(1).Append(slots[0] + 1024), static (one, next) => next - one).ToList();

        Assert.That(gaps, Has.All.InRange(10, 40), "51 of 1,024 are one in 20");
        Assert.That(slots.Count(static slot => slot % 2 == 0), Is.InRange(15, 36), "not of one kind");
    }

    private static List<(int First, int Second)> Steps(params int[] percent) => [.. percent.Select(static share => SlotDeal.Apportion(1024, [100 - share, share])).Select(static parts => (parts[0], parts[1]))];

    private static IEnumerable<int> Slots(ShareMap map, int number) => Enumerable.Range(0, ShareMap.Slots).Where(slot => map[slot] == number);

    private static IEnumerable<long> Read(string numbers) => numbers.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static number => long.Parse(number, System.Globalization.CultureInfo.InvariantCulture));
}
