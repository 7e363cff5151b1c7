using KamRpcDispatcher.Push;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

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
    public void What_has_no_version_has_none(string text) => Assert.That(KamailioVersion.Read(text), Is.Null);

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
