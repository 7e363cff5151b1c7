using KamRpcDispatcher.Push.Grace;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class GraceFiguresTests
{
    [Test]
    public void Quantiles_are_of_the_last_thousand_and_the_longest_is_ever()
    {
        var figures = new GraceFigures();
        figures.Ended(TimeSpan.FromSeconds(9));
        for (var i = 1; i <= 2000; i++)
        {
            figures.Ended(TimeSpan.FromMilliseconds(i <= 1980 ? 1 : 5));
        }

        Assert.That(figures.Read("fixed"), Is.EqualTo(new GraceStatus("fixed", 2001, 1, 5, 9000, 0)));
    }

    [Test]
    public void Without_any_there_are_zeros() => Assert.That(new GraceFigures().Read("fixed"), Is.EqualTo(new GraceStatus("fixed", 0, 0, 0, 0, 0)));
}
