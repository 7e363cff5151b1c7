using KamRpcDispatcher.Operate;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

public class MinReadyTests
{
    [TestCase("1", 10, 1)]
    [TestCase("3", 10, 3)]
    [TestCase("3", 2, 3)]
    [TestCase("50%", 4, 2)]
    [TestCase("50%", 5, 3)]
    [TestCase("1%", 5, 1)]
    [TestCase("100%", 5, 5)]
    [TestCase("50%", 0, 1)]
    public void It_is_a_number_or_a_percentage_of_the_set_rounded_up(string text, int size, int wanted)
    {
        Assert.That(MinReady.TryParse(text, out var least, out var error), Is.True, error);
        Assert.That((least.Of(size), least.ToString()), Is.EqualTo((wanted, text)));
    }

    [TestCase("0")]
    [TestCase("0%")]
    [TestCase("101%")]
    [TestCase("-1")]
    [TestCase("half")]
    [TestCase("%")]
    [TestCase("")]
    [TestCase("1.5")]
    public void Nothing_else_is(string text)
    {
        Assert.That(MinReady.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.StartWith($"'{text}' is neither a number from 1 on nor a percentage"));
    }
}
