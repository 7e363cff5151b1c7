using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>The slots of a set as Kamailio has them: one text.</summary>
public class ShareMapTests
{
    [Test]
    public void A_map_is_its_text_and_comes_back_from_it()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            int[] numbers = [.. Enumerable.Range(0, ShareMap.Slots).Select(_ => random.Next(ShareMap.MaxNumber + 1))];
            var map = ShareMap.Of(numbers);

            Assert.That(map.Text, Has.Length.EqualTo(3072));
            Assert.That(ShareMap.TryParse(map.Text, out var read, out _), Is.True);
            Assert.That(read, Is.EqualTo(map));
            Assert.That(read!.GetHashCode(), Is.EqualTo(map.GetHashCode()));
            Assert.That(Enumerable.Range(0, ShareMap.Slots).Select(slot => read[slot]), Is.EqualTo(numbers));
            Assert.That(numbers.Distinct().Select(read.CountOf), Is.EqualTo(numbers.Distinct().Select(number => numbers.Count(other => other == number))));
            Assert.That(read.Counts.Values.Sum(), Is.EqualTo(ShareMap.Slots));
        }
    }

    [Test]
    public void A_slot_is_three_digits_where_the_script_cuts_them_out()
    {
        var numbers = new int[ShareMap.Slots];
        (numbers[0], numbers[1], numbers[1023]) = (1, 42, 999);

        var text = ShareMap.Of(numbers).Text;

        Assert.That((text[..6], text[(1023 * 3)..]), Is.EqualTo(("001042", "999")));
    }

    [Test]
    public void Home_names_the_home_set_everywhere()
    {
        Assert.That(ShareMap.Home.Counts, Is.EqualTo(new Dictionary<int, int> { [0] = 1024 }));
        Assert.That(ShareMap.Home, Is.EqualTo(ShareMap.Of(new int[1024])));
        Assert.That(ShareMap.Home.CountOf(1), Is.Zero);
        Assert.That(ShareMap.Home.ToString(), Is.EqualTo("0: 1024"));
    }

    [Test]
    public void Maps_differ_by_slots()
    {
        var numbers = new int[ShareMap.Slots];
        numbers[7] = 3;
        var other = ShareMap.Of(numbers);

        Assert.That(other, Is.Not.EqualTo(ShareMap.Home));
        Assert.That(other.DifferenceTo(ShareMap.Home), Is.EqualTo(1));
        Assert.That(ShareMap.Home.DifferenceTo(ShareMap.Home), Is.Zero);
    }

    [TestCase(null, "has 0 characters, not 3072")]
    [TestCase("", "has 0 characters")]
    [TestCase("000", "has 3 characters")]
    [TestCase("000001", "has 6 characters")]
    public void A_text_of_another_length_is_no_map(string? text, string error) => AssertNoMap(text, error);

    [TestCase("-01", "has '-' in slot 1")]
    [TestCase(" 01", "has ' ' in slot 1")]
    [TestCase("+01", "has '+'")]
    [TestCase("0x1", "has 'x'")]
    [TestCase("01\n", "has '\\u000a'")]
    [TestCase("\u0660\u0660\u0661", "has '\\u0660'", Description = "digits of another script")]
    [TestCase("01\0", "has '\\u0000'")]
    public void A_slot_that_is_no_number_is_no_map(string slot, string error) => AssertNoMap("000" + slot + new string('0', 3066), error);

    [TestCase(-1)]
    [TestCase(1000)]
    public void A_number_has_three_digits(int number)
    {
        var numbers = new int[ShareMap.Slots];
        numbers[5] = number;

        Assert.That(() => ShareMap.Of(numbers), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase(0)]
    [TestCase(1023)]
    [TestCase(1025)]
    public void A_map_has_all_slots(int count) => Assert.That(() => ShareMap.Of(new int[count]), Throws.ArgumentException);

    private static void AssertNoMap(string? text, string error)
    {
        Assert.That(ShareMap.TryParse(text, out var map, out var said), Is.False);
        Assert.That(map, Is.Null);
        Assert.That(said, Does.Contain(error));
    }
}
