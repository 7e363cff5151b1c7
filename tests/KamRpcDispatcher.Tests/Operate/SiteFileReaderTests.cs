using System.Text;
using KamRpcDispatcher.Operate.Declared;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What a file of declarations says, and in which line it is wrong.</summary>
[Parallelizable(ParallelScope.All)]
public class SiteFileReaderTests
{
    [Test]
    public void Drains_weights_and_splits_of_sets_are_read()
    {
        Assert.That(SiteFileReader.TryRead(Encoding.UTF8.GetBytes("\uFEFF" + """
            {"owner":"git","sets":{"2":{"drain":["a"]},
             "1":{"weights":{"a":50,"b":1},"drain":["a"],"split":{"label":"version","shares":{"v1":99.5,"v2":0.5}}}}}
            """), out var file, out var errors), string.Join('\n', errors));

        Assert.That(file!.Owner, Is.EqualTo("git"));
        Assert.That(file.Members.Select(static member => (member.Key.ToString(), member.IsDrained, member.Weight, member.Line)), Is.EqualTo(new[] { ("1/a", true, (int?)50, 2), ("1/b", false, 1, 2), ("2/a", true, null, 1) }));
        Assert.That((file.Splits.Single().Split.Label, file.Splits.Single().Split.Shares["v2"], file.Splits.Single().Line), Is.EqualTo(("version", 5, 2)));
    }

    [TestCase("", "line 1: it is not JSON: ")]
    [TestCase("{\n\"sets\":{\n", "line 3: it is not JSON: ")]
    [TestCase("[]", "line 1: the file: it is not an object, {...}")]
    [TestCase("{\"owner\":\"git\"}", "line 1: sets is missing: {\"sets\":{}} declares nothing")]
    [TestCase("{\"sets\":{}} {}", "line 1: it is not JSON: ")]
    [TestCase("{\"owner\":\"\",\"sets\":{}}", "line 1: owner: the name '' is not 1 to 128 letters")]
    [TestCase("{\"sets\":{},\n\"set\":{}}", "line 2: the file: there is no 'set'; there are owner and sets")]
    [TestCase("{\"sets\":{},\n\"sets\":{}}", "line 2: the file: 'sets' is there twice")]
    [TestCase("{\"sets\":{\"01\":{}}}", "line 1: sets: the set '01' is not a number")]
    [TestCase("{\"sets\":{\"1000001\":{}}}", "line 1: sets: the sets 1000000 to ")]
    [TestCase("{\"sets\":{\"1\":{\n\"drains\":[]}}}", "line 2: set 1: there is no 'drains'; there are drain, weights and split")]
    [TestCase("{\"sets\":{\"1\":{\"drain\":\"a\"}}}", "line 1: set 1: drain: it is not an array of members' names")]
    [TestCase("{\"sets\":{\"1\":{\"drain\":[\"a\",\n1]}}}", "line 2: set 1: drain: it is not a string")]
    [TestCase("{\"sets\":{\"1\":{\"drain\":[\"a\",\n\"a\"]}}}", "line 2: set 1: drain: a is there twice")]
    [TestCase("{\"sets\":{\"1\":{\"drain\":[\"a b\"]}}}", "line 1: set 1: drain: the name 'a b' is not")]
    [TestCase("{\"sets\":{\"1\":{\"drain\":[\"\\ud800\"]}}}", "line 1: a string is not valid UTF-8")]
    [TestCase("{\"sets\":{\"1\":{\"weights\":{\"a\":\n0}}}}", "line 2: set 1: weights: a: the weight 0 is not from 1 to 100; who is to get no new calls is drained")]
    [TestCase("{\"sets\":{\"1\":{\"weights\":{\"a\":1.5}}}}", "line 1: set 1: weights: a: it is not a whole number")]
    [TestCase("{\"sets\":{\"1\":{\"weights\":{\"a\":5,\n\"a\":6}}}}", "line 2: set 1: weights: 'a' is there twice")]
    [TestCase("{\"sets\":{\"1\":{\"split\":{\"shares\":{\"v1\":100,\"v2\":0}}}}}", "line 1: set 1: split: label is missing")]
    [TestCase("{\"sets\":{\"1\":{\"split\":{\"label\":\"v\"}}}}", "line 1: set 1: split: shares is missing")]
    [TestCase("{\"sets\":{\"1\":{\"split\":{\"label\":\"v\",\"shares\":{\"v1\":90,\"v2\":5}}}}}", "line 1: set 1: split: shares: together 95, not 100")]
    [TestCase("{\"sets\":{\"1\":{\"split\":{\"label\":\"v\",\"shares\":{\"v1\":\"90\",\"v2\":10}}}}}", "line 1: set 1: split: shares: v1: it is not a percentage from 0 to 100 in steps of 0.1")]
    [TestCase("{\"sets\":{\"1\":{\"split\":{\"label\":\"v\",\"shares\":{\"v1\":100}}}}}", "line 1: set 1: split: it names two values at least")]
    public void A_mistake_is_named_with_its_line(string text, string expected)
    {
        Assert.That(SiteFileReader.TryRead(Encoding.UTF8.GetBytes(text), out _, out var errors), Is.False);
        Assert.That(errors, Has.Exactly(1).Items);
        Assert.That(errors[0], Does.StartWith(expected));
    }

    [Test]
    public void All_mistakes_are_told_each_once_and_none_that_follows_from_another()
    {
        const string Text = """
            {"owner":"","sets":{"1":{"drain":["a","a",["b"],"zz"],"weights":{"a2":500,"a4":0},
             "split":{"label":"version","shares":{"v1":"95","v2":6}},"foo":{"drain":[1]}},
             "x":{"drain":[7]},"2":{"split":{"label":"v","shares":{"v1":95,"v2":6}}}}}
            """;
        Assert.That(SiteFileReader.TryRead(Encoding.UTF8.GetBytes(Text), out var file, out var errors), Is.False);
        Assert.That(file, Is.Null);
        string[] expected =
        [
            "line 1: owner: ", "line 1: set 1: drain: a is there twice", "line 1: set 1: drain: it is not a string", "line 1: set 1: weights: a2: the weight 500", "line 1: set 1: weights: a4: the weight 0",
            "line 2: set 1: split: shares: v1: it is not a percentage", "line 2: set 1: there is no 'foo'", "line 3: sets: the set 'x' is not a number", "line 3: set 2: split: shares: together 101, not 100",
        ];
        Assert.That(errors.Zip(expected, static (error, start) => error.StartsWith(start, StringComparison.Ordinal)), Is.All.True, string.Join('\n', errors));
        Assert.That(errors, Has.Count.EqualTo(expected.Length));
    }

    [Test]
    public void Of_very_many_mistakes_the_first_are_told_and_the_others_counted()
    {
        var text = $"{{\"sets\":{{\"1\":{{\"drain\":[{string.Join(',', Enumerable.Range(0, 50))}]}}}}}}";
        Assert.That(SiteFileReader.TryRead(Encoding.UTF8.GetBytes(text), out _, out var errors), Is.False);
        Assert.That((errors.Count, errors[^1]), Is.EqualTo((21, "and 30 more")));
    }

    [Test]
    public void A_file_that_is_too_long_is_not_read() =>
        Assert.That((SiteFileReader.TryRead(new byte[SiteFileReader.MaxLength + 1], out _, out var errors), errors.Single()), Is.EqualTo((false, "it has more than 262144 bytes")));
}
