using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>The names of classes, as etcd has them.</summary>
public class MemberClassTests
{
    [TestCase("v2", null, "v2")]
    [TestCase("v2", 10, "v2;weight=10")]
    [TestCase(null, 10, "*;weight=10")]
    [TestCase(null, null, "*")]
    [TestCase("", null, "\"\"")]
    [TestCase("", 1, "\"\";weight=1")]
    [TestCase("weight", 7, "weight;weight=7")]
    [TestCase("a.b_c:d@e/f+[g]-", int.MaxValue, "a.b_c:d@e/f+[g]-;weight=2147483647")]
    public void A_class_has_a_name_and_comes_back_from_it(string? value, int? weight, string name)
    {
        var one = new MemberClass(value, weight);

        Assert.That(one.Text, Is.EqualTo(name));
        Assert.That(MemberClass.TryParse(name, out var read, out _), Is.True);
        Assert.That(read, Is.EqualTo(one));
    }

    [TestCase("v2;start=3", 3, null)]
    [TestCase("v2;start=12;zone=own", 12, true)]
    [TestCase("v2;zone=other", 0, false)]
    public void So_has_one_of_members_that_start_slowly_or_of_a_zone(string name, int start, bool? isInZone)
    {
        var one = new MemberClass("v2", null) { Start = start, IsInZone = isInZone };

        Assert.That(one.Text, Is.EqualTo(name));
        Assert.That(MemberClass.TryParse(name, out var read, out _), Is.True);
        Assert.That(read, Is.EqualTo(one));
    }

    [TestCase(null, "names no value")]
    [TestCase("", "names no value")]
    [TestCase(";weight=10", "names no value")]
    [TestCase("v2;weight=0", "is not a number from 1 to 2147483647")]
    [TestCase("v2;weight=010", "is not a number")]
    [TestCase("v2;weight=-1", "is not a number")]
    [TestCase("v2;weight=+1", "is not a number")]
    [TestCase("v2;weight=", "is not a number")]
    [TestCase("v2;weight=2147483648", "is not a number")]
    [TestCase("v2;weight=1;weight=2", "is not a number")]
    [TestCase("v2;zone=a", "'v2;zone=a' names no value")]
    [TestCase("v2;start=0", "is not a number")]
    [TestCase("v2;zone=own;start=1", "names no value")]
    [TestCase("v 2", "names no value")]
    [TestCase("v2\n", "'v2\\u000a' names no value")]
    [TestCase("\"v2\"", "names no value")]
    [TestCase("**", "names no value")]
    [TestCase("v2*", "names no value")]
    [TestCase("\u0661", "'\\u0661' names no value")]
    public void Another_text_is_no_class(string? text, string error)
    {
        Assert.That(MemberClass.TryParse(text, out var read, out var said), Is.False);
        Assert.That(read, Is.EqualTo(default(MemberClass)));
        Assert.That(said, Does.Contain(error));
    }

    [Test]
    public void A_value_that_no_label_may_have_is_no_class() => Assert.That(MemberClass.TryParse(new string('v', 129), out _, out _), Is.False);

    [TestCase(null)]
    [TestCase(100)]
    public void A_member_without_a_weight_counts_as_one_with_the_highest(int? weight)
    {
        Assert.That(MemberClass.Of("v2", weight), Is.EqualTo(new MemberClass("v2", null)));
        Assert.That(MemberClass.Of("v2", weight).Relative, Is.EqualTo(100));
    }

    [Test]
    public void Classes_have_an_order()
    {
        MemberClass[] ordered = [new(null, null), new(null, 5), new(null, 50), new("", null), new("v1", null), new("v1", 5), new("v2", null)];

        Assert.That(ordered.Reverse().Order(), Is.EqualTo(ordered));
        Assert.That(ordered[1] < ordered[2] && ordered[1] <= ordered[2] && ordered[2] > ordered[1] && ordered[2] >= ordered[1], Is.True);
    }
}
