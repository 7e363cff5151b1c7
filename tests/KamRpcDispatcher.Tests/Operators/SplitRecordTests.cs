using System.Collections.Immutable;
using System.Text;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operators;

public class SplitRecordTests
{
    private static readonly Split Split = FakeShares.Split(7, ("v1", 95), ("v2", 5)) with { By = "ops@host", At = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), Reason = "canary" };

    [Test]
    public void What_was_written_is_read_again()
    {
        Assert.That(Read(Encoding.UTF8.GetString(SplitRecord.Write(Split))), Is.EqualTo(Split));
        Assert.That(Encoding.UTF8.GetString(SplitRecord.Write(Split)), Is.EqualTo("""{"label":"version","shares":{"v1":95,"v2":5},"by":"ops@host","at":"2026-01-31T12:00:00Z","reason":"canary"}"""));
    }

    [Test]
    public void Steps_of_a_tenth_of_a_per_cent_are_exact()
    {
        var split = Split with { Shares = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("a", 1), KeyValuePair.Create("b", 999)]) };

        Assert.That(Encoding.UTF8.GetString(SplitRecord.Write(split)), Does.Contain("""{"a":0.1,"b":99.9}"""));
        Assert.That(Read(Encoding.UTF8.GetString(SplitRecord.Write(split))).Shares, Is.EqualTo(split.Shares));
    }

    [Test]
    public void Fields_of_a_newer_version_are_left_out() =>
        Assert.That(Read("""{"label":"version","shares":{"v1":100},"spill":true}""").Shares["v1"], Is.EqualTo(Split.Whole));

    [TestCase("[]", "not an object")]
    [TestCase("{", "not JSON")]
    [TestCase("""{"shares":{"v1":100}}""", "label is missing")]
    [TestCase("""{"label":"version"}""", "shares is missing")]
    [TestCase("""{"label":"version","shares":{}}""", "0 values")]
    [TestCase("""{"label":"version","shares":{"v1":95,"v2":4}}""", "together 99, not 100")]
    [TestCase("""{"label":"version","shares":{"v1":99.95,"v2":0.05}}""", "steps of 0.1")]
    [TestCase("""{"label":"version","shares":{"v1":"100"}}""", "steps of 0.1")]
    [TestCase("""{"label":"version","shares":{"v1":-1,"v2":101}}""", "steps of 0.1")]
    [TestCase("""{"label":"version","shares":{"v1":1e999,"v2":1}}""", "steps of 0.1")]
    [TestCase("""{"label":"version","shares":{"v1":50,"v1":50}}""", "not JSON of the kind")]
    [TestCase("""{"label":"ver;sion","shares":{"v1":100}}""", "ver;sion")]
    [TestCase("""{"label":"version","shares":{"v;1":100}}""", "v;1")]
    [TestCase("""{"label":"version","shares":{"":100}}""", "is empty")]
    public void What_is_wrong_is_named(string record, string named)
    {
        Assert.That(SplitRecord.TryRead(1, Encoding.UTF8.GetBytes(record), out _, out var error), Is.False);
        Assert.That(error, Does.Contain(named));
    }

    [TestCase("""{"v1":1000001,"v2":1000999}""", null)]
    [TestCase("""{"v1":1000000}""", "is not from 1000001 to 1000999")]
    [TestCase("""{"v1":1}""", "is not from 1000001 to 1000999")]
    [TestCase("""{"v1":1000001,"v2":1000001}""", "two classes have one number")]
    [TestCase("""{"":1000001}""", "0 characters")]
    public void Numbers_of_classes_are_those_of_sets_of_kamrpcs_own(string record, string? named)
    {
        Assert.That(ClassRecord.TryRead(Encoding.UTF8.GetBytes(record), out var numbers, out var error), Is.EqualTo(named is null));
        Assert.That(error, named is null ? Is.Null : Does.Contain(named!));
        Assert.That(numbers is null ? null : Encoding.UTF8.GetString(ClassRecord.Write(numbers)), Is.EqualTo(named is null ? record : null));
    }

    private static Split Read(string record)
    {
        Assert.That(SplitRecord.TryRead(7, Encoding.UTF8.GetBytes(record), out var split, out var error), error);
        return split!;
    }
}
