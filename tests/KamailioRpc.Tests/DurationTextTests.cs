using NUnit.Framework;

namespace KamailioRpc.Tests;

public class DurationTextTests
{
    [TestCase(0, "0s")]
    [TestCase(0.0000005, "0.01ms")]
    [TestCase(0.0004, "0.4ms")]
    [TestCase(0.0123, "12ms")]
    [TestCase(0.5, "500ms")]
    [TestCase(0.9996, "1s")]
    [TestCase(1.25, "1.3s")]
    [TestCase(10, "10s")]
    [TestCase(59.96, "1m")]
    [TestCase(60, "1m")]
    [TestCase(90, "1m30s")]
    [TestCase(120, "2m")]
    [TestCase(3599.7, "1h")]
    [TestCase(3600, "1h")]
    [TestCase(11_100, "3h5m")]
    [TestCase(86_400, "24h")]
    [TestCase(172_800, "2d")]
    [TestCase(187_300, "2d4h")]
    [TestCase(-5, "-5s")]
    public void A_duration_is_written_as_people_write_it(double seconds, string text) =>
        Assert.That(DurationText.Of(TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))), Is.EqualTo(text));

    [Test]
    public void What_has_no_end_says_so() => Assert.That(DurationText.Of(Timeout.InfiniteTimeSpan), Is.EqualTo("for ever"));

    [Test]
    public void A_parameter_takes_a_duration_as_it_is()
    {
        DurationText text = TimeSpan.FromSeconds(10);

        Assert.That($"{text}", Is.EqualTo("10s"));
    }
}
