using KamailioRpc.Commands;
using NUnit.Framework;

namespace KamailioRpc.Tests.Commands;

public class KamailioVersionTests
{
    [TestCase("kamailio 5.6.3 (x86_64/linux) ", 5, 6)]
    [TestCase("kamailio 6.1.0-dev0 (x86_64/linux) 38711a", 6, 1)]
    [TestCase("kamailio 10.0.0 (aarch64/linux)", 10, 0)]
    public void A_version_is_read(string text, int major, int minor) =>
        Assert.That(KamailioVersion.Read(text), Is.EqualTo(new KamailioVersion(major, minor)));

    [TestCase("")]
    [TestCase("kamailio")]
    [TestCase("kamailio x.y.z (x86_64/linux)")]
    public void What_cannot_be_read_is_taken_for_the_newest_known(string text)
    {
        var version = KamailioVersion.Read(text);

        Assert.That(version, Is.EqualTo(KamailioVersion.NewestKnown with { IsAssumed = true }));
        Assert.That(version.IsKnown, Is.False);
    }

    [TestCase("kamailio 5.6.3 (x86_64/linux)", true)]
    [TestCase("kamailio 6.1.5 (x86_64/linux)", true)]
    [TestCase("kamailio 6.2.0 (x86_64/linux)", false)]
    [TestCase("kamailio 7.0-pre1 (x86_64/linux)", false)]
    public void A_newer_one_than_any_tested_is_not_known(string text, bool isKnown) => Assert.That(KamailioVersion.Read(text).IsKnown, Is.EqualTo(isKnown));

    [TestCase(5, 3, false, false)]
    [TestCase(5, 4, true, false)]
    [TestCase(5, 5, true, false)]
    [TestCase(5, 6, true, true)]
    [TestCase(6, 0, true, true)]
    public void Arguments_are_known_by_release(int major, int minor, bool attributes, bool priorities)
    {
        var version = new KamailioVersion(major, minor);

        Assert.That((version.HasAttributes, version.HasPriorities), Is.EqualTo((attributes, priorities)));
    }
}
